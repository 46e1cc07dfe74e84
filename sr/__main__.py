"""`python -m sr`: see `sr.cli`."""

import sys

from sr.cli import main

if __name__ == "__main__":
    sys.exit(main())
