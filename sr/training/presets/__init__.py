"""Settings of recipes by subject; `sr.training.recipes` makes recipes of them."""
