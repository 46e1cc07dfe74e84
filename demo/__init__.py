"""The web app: a page that upscales photos and compares the versions, and its API."""
