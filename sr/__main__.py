"""`python -m sr`: see `sr.commands.cli`."""

import sys

if __name__ == "__main__":
    try:
        from sr.commands.cli import main

        status = main()
    except KeyboardInterrupt:  # within the first tenth of a second
        status = 130
    sys.exit(status)
