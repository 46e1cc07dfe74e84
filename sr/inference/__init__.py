"""From a photo to a larger one."""
