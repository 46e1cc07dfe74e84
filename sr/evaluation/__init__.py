"""What is compared, measured and tabled; the papers' figures."""
