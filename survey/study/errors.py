"""One small class per situation. Each says what came, what was needed and what to do.

`key` names the text the page shows, `status` the HTTP status an answer carries.
"""

from __future__ import annotations

from typing import Literal


class SurveyError(Exception):
    """Base of every error the `survey` package raises on purpose."""

    key = "survey_error"
    status = 500


class InvalidAnswerError(SurveyError):
    """What the browser sent cannot be: a field is missing, unknown or out of its range."""

    key = "survey_invalid"
    status = 422


class ConsentError(InvalidAnswerError):
    """No consent, not of age, or consent to another text than the present one."""

    key = "survey_consent"


class StaleTrialError(SurveyError):
    """Not the trial that is open now; the page takes the present state and goes on."""

    key = "survey_stale"
    status = 409


class UnknownTokenError(SurveyError):
    """A session or picture that is not known here (any more)."""

    key = "survey_unknown_session"
    status = 401


class UnknownCodeError(SurveyError):
    """No participant has this withdrawal code."""

    key = "survey_unknown_code"
    status = 404


class StudyClosedError(SurveyError):
    """The study takes no more answers."""

    key = "survey_closed"
    status = 403


class InvitationError(SurveyError):
    """A study takes those it has invited, each once; `what` is what is wrong with an invitation."""

    status = 403

    def __init__(self, what: Literal["needed", "unknown", "used", "elsewhere"], text: str) -> None:
        super().__init__(text)
        self.key = f"survey_invitation_{what}"


class PanelError(InvalidAnswerError):
    """What a panel's link says of whom it has sent cannot be an id."""

    key = "survey_panel"


class StudyError(SurveyError):
    """A study is missing, incomplete, or was changed on disk."""

    key = "survey_study"
    status = 503


class StudyNotReadyError(StudyError):
    """A study's pictures are still being made."""

    key = "survey_not_ready"


class StoreError(SurveyError):
    """The database or the journal cannot be read or written."""

    key = "survey_store"
    status = 503


class RecordsDifferError(StoreError):
    """Database and journal are both whole and tell different stories; somebody has to choose."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"database and journal differ: {what}. Both are kept as they are, and the survey is "
            "closed until you choose with python -m survey mend"
        )


class BackupUnreachableError(SurveyError):
    """A backup is configured and cannot be reached: starting empty might hide what is there."""

    key = "survey_backup"
    status = 503


class StudyFixedError(SurveyError):
    """The server was started for one study; another cannot be opened."""

    key = "studies_fixed"
    status = 409


class MarginError(InvalidAnswerError):
    """A margin below which differences do not matter that cannot be one."""

    key = "results_margins"


class RatingGoesOnError(SurveyError):
    """Results name the methods, and somebody is rating; the owner may confirm it all the same."""

    key = "results_rating"
    status = 409
