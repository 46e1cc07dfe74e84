"""What training works towards: losses, the features they use, optimisers."""
