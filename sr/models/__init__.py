"""What a person can choose: registry, weights files, files of others, mixing, release."""
