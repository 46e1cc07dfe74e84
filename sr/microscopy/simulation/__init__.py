"""Pictures of fluorescent structures as a microscope would take them, made by code."""
