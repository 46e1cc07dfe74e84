"""What makes a study: the only room that reads folders of pictures."""
