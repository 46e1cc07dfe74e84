"""The command line: one file a command, arguments in, library calls, a line out."""
