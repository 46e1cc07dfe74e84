"""Photos that visitors send: what is taken, and how each is made to fit."""
