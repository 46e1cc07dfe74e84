"""The page put together, its settings and its guard."""
