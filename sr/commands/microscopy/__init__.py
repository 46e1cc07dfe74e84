"""python -m sr microscope."""
