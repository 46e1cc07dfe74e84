"""The upscaler tab: photos in, versions out."""
