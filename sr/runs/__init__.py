"""What a run leaves in its folder: its log and record, and where results go beside."""
