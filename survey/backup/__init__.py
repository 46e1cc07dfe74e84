"""Copies of the survey's data elsewhere, and the way back."""
