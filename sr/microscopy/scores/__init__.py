"""How near an enlargement comes to the picture that it should be."""
