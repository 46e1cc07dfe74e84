"""The command line of the survey."""
