"""Microscopy: frames of one channel, from files of instruments to numbers."""
