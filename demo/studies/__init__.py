"""Studies in the browser, for their owner."""
