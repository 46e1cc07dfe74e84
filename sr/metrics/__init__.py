"""Fidelity, the eye at a pixel density, texture."""
