"""Frames made larger, and how well."""
