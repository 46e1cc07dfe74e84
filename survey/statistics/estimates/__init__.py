"""From ratings to numbers with intervals."""
