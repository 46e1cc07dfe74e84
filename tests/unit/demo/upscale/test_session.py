"""What an open page keeps, and what a broken connection takes away."""

from __future__ import annotations

from demo.upscale.session import Choice, Sessions
from demo.work.job import Job, Version


def job(state: str) -> Job:
    made = Job(photo=None, key="k", height=8, width=8, scale=4)
    made._versions["bicubic"] = Version("bicubic", state=state)  # type: ignore[arg-type]
    return made


def test_a_page_whose_connection_broke_keeps_its_photo_and_what_is_finished() -> None:
    sessions = Sessions()
    session = sessions.get("page")
    session.choice, session.job = Choice("photo.png"), job("ready")
    sessions.leave("page")
    assert sessions.get("page") is session
    assert (session.choice.name, session.job.is_cancelled) == ("photo.png", False)
    sessions.leave("unknown")


def test_work_for_a_page_that_was_left_stops() -> None:
    sessions = Sessions()
    session = sessions.get("page")
    turn = session.turn
    sessions.leave("page")
    assert session.turn != turn  # a photo that is being read is not worked on
    session.job = job("waiting")
    sessions.leave("page")
    assert session.job.is_cancelled
