"""How much one request asks of the database, whatever the machine."""

from __future__ import annotations

from survey.session.survey import Survey
from tests.unit.survey.conftest import Rater


def asked(survey: Survey) -> list[str]:
    """Every statement from now on."""
    statements: list[str] = []
    survey.store.db.conn.set_trace_callback(statements.append)
    return statements


def test_an_answer_takes_five_statements(survey: Survey) -> None:
    rater = Rater(survey)
    rater.go_on(3)
    statements = asked(survey)
    rater.answer()
    told = [text for text in statements if text not in ("BEGIN", "COMMIT")]
    assert [text.split()[0] for text in told] == ["SELECT", "SELECT", "INSERT", "INSERT", "UPDATE"]


def test_a_status_reads_neither_answers_nor_trials_however_many_there_are(survey: Survey) -> None:
    Rater(survey).finish()
    statements = asked(survey)
    assert survey.status()["raters"] == 1
    survey.store.db.conn.set_trace_callback(None)
    assert statements
    plans = [
        row[3]
        for text in statements
        for row in survey.store.db.conn.execute(f"EXPLAIN QUERY PLAN {text}")
    ]
    assert not [plan for plan in plans if "response" in plan or " t " in plan or "event" in plan]
