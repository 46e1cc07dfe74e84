"""What is compared, measured, tabled and drawn; the papers' figures."""
