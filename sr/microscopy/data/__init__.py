"""Data sets of pairs as laboratories publish them."""
