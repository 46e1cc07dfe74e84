"""python -m survey"""

from __future__ import annotations

import sys

from survey.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
