"""The survey's tab, its page and its routes."""
