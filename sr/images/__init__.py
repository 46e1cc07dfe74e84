"""A photo in memory: reading, writing, resizing, colour."""
