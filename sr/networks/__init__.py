"""Networks as torch modules, and nothing else."""
