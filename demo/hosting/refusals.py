"""How a request is refused before any route sees it."""

from __future__ import annotations

from starlette.responses import JSONResponse


def refusal(status: int, key: str, detail: str, *, retry_seconds: float = 60) -> JSONResponse:
    """A refusal as the survey's page understands it; programs read `detail`."""
    body = {"error": {"key": f"survey_{key}", "detail": detail}, "detail": detail}
    headers = {"Cache-Control": "no-store"}
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, round(retry_seconds)))
    return JSONResponse(body, status, headers=headers)
