"""python -m survey status, open, close: how far a study is, and whether it takes answers."""

from __future__ import annotations

import argparse

from survey.session.owner import set_open
from survey.session.survey import opened
from survey.storage.responses import counts, invitations


def run(args: argparse.Namespace) -> int:
    """Say how far a study is.

    Raises:
        SurveyError: there is no such study, or it cannot be read.
    """
    with opened(args.study) as survey:
        found = counts(survey.store, args.study)
        print(f"study      {args.study}, {survey.status()['state']}")
        print(f"raters     {found['started']} started, {found['finished']} finished")
        invited = invitations(survey.store, args.study)
        used = f"{invited['made']} made, {invited['used']} used, for one person each"
        print(f"link       {used if invited['made'] else 'for everybody who has it'}")
        print(f"responses  {found['responses']}")
        print(f"withdrawn  {found['withdrawn']}")
        for note in survey.told():
            print(f"note       {note}")
        if found["simulated"]["started"]:
            print(f"simulated  {found['simulated']['started']} raters, kept apart")
    return 0


def run_open(args: argparse.Namespace) -> int:
    """Let raters in.

    Raises:
        SurveyError: there is no such study, or it cannot be written.
    """
    return _set_open(args.study, True)


def run_close(args: argparse.Namespace) -> int:
    """Take no more answers.

    Raises:
        SurveyError: there is no such study, or it cannot be written.
    """
    return _set_open(args.study, False)


def _set_open(study: str, is_open: bool) -> int:
    with opened(study) as survey:
        set_open(survey, is_open)
    print(f"study {study!r} is {'open' if is_open else 'closed'}")
    return 0
