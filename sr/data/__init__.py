"""Data sets as people have them: recognised, checked, downloaded, read as pixels and crops."""
