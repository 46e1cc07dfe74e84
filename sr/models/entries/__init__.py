"""What models come with the project, subject by subject."""
