"""The survey alone behind its own routes, for attacks that need many starts.

python -m tests.attacks.serve DATA_FOLDER PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from demo.rating.routes import survey_routes
from survey.session.protected import ProtectedSurvey


def main() -> None:
    """Serve until told to end."""
    survey = ProtectedSurvey(Path(sys.argv[1]))
    try:
        app = Starlette(routes=survey_routes(lambda: survey.survey))
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
    finally:
        survey.close()


if __name__ == "__main__":
    main()
