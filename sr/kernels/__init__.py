"""What is compiled at run time, for training on CPUs; `sr.training.accelerate` is its one door."""
