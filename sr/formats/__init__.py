"""What image files are, say and hold: kinds, containers, samples, colour."""
