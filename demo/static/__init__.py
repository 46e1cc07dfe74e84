"""The site without a server: its pages, its networks, and what runs them in a browser."""
