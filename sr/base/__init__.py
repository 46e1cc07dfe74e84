"""Errors, locks and the machine's memory."""
