"""Several studies in one folder: listed, made while the app runs, opened, copied, put away."""
