"""Weights files: ours, other people's, the folder they lie in, and where they can be fetched."""
