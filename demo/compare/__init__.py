"""Pictures of the visitor's own, side by side."""
