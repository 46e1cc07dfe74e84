"""What training learns from: decoded photographs, crops of them, and pictures made by code."""
