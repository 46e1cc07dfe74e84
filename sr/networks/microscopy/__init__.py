"""Networks for fluorescence microscopy: frames of one channel."""
