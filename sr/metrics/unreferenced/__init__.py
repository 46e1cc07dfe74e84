"""Measures of a picture alone, where nobody has the original."""
