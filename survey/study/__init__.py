"""A study: its protocol, its schedule, the display it is seen on."""
