"""What a person can choose: the registry, weights files, mixing, release."""
