"""Recipes, one stage and its updates, the run that goes on after a stop."""
