"""Files of microscopes, read into frames and written from them."""
