"""What is asked of the ratings, a file a question."""
