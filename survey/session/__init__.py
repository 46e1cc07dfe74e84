"""The rater's way, the owner's actions, consent, and what is shown at the end."""
