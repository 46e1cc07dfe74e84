"""What is compiled at run time."""
