"""`python -m survey`: see `survey.commands.cli`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from survey.commands.cli import main
    except ModuleNotFoundError as error:
        if (error.name or "survey").split(".")[0] in ("survey", "sr"):
            raise
        sys.stderr.write(
            f"error: {sys.executable} has no {error.name}; use the Python of the environment that "
            "was made for this program (.venv/bin/python -m survey), or install what it needs: "
            "python -m pip install -r requirements.txt\n"
        )
        sys.exit(2)
    sys.exit(main())
