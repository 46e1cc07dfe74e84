"""What several pages share: viewer, calibration, curve, texts in both languages."""
