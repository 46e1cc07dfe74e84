"""Raters who are programs, and what they prove of the statistics."""
