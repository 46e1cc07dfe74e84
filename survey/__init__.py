"""The rating study: which version people prefer, asked blind and stored safely."""
