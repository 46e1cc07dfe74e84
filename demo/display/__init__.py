"""The display's tab and its page."""
