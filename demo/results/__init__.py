"""The results' tab, its page and its routes."""
