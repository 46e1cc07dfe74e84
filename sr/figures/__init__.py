"""Figures of an evaluation, and those of papers."""
