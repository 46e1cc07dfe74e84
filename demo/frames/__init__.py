"""Pictures of microscopes on the page: taken, stretched for the eye, saved with their counts."""
