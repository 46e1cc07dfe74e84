"""The schedule is balanced over raters, and each rater's part keeps the rules."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import chisquare

from survey.study.protocol import METHODS, Protocol, is_right
from survey.study.schedule import Coverage, PlannedTrial, build_schedule
from survey.study.study import Study, StudyImage, Version

RATERS = 24


def make_study(images: int = 10, practice: int = 2, known: int = 0, **protocol: int) -> Study:
    def image(name: str, role: str) -> StudyImage:
        versions = {m: Version(f"{name}/{m}", m, "f", "s") for m in METHODS}
        return StudyImage(name, name, role, versions)  # type: ignore[arg-type]

    return Study(
        "x",
        Path(),
        replace(Protocol(), **protocol),  # type: ignore[arg-type]
        (
            *(image(f"m{i}", "main") for i in range(images)),
            *(image(f"k{i}", "known") for i in range(known)),
            *(image(f"p{i}", "practice") for i in range(practice)),
        ),
        {},
        "",
    )


def method(version: str | None) -> str:
    assert version is not None
    return version.split("/")[1]


def counted(coverage: Coverage, trials: list[PlannedTrial]) -> Coverage:
    """What the next rater finds when this one has answered everything."""
    left, right = coverage.golden_left, coverage.golden_right
    for trial in trials:
        if trial.role == "main":
            coverage.images[trial.image] += 1
            if trial.kind == "rating":
                coverage.versions[trial.left] += 1
            else:
                a, b = method(trial.left), method(trial.right)
                coverage.left_first[trial.image, a, b] += 1
                coverage.left_second[trial.image, b, a] += 1
        elif trial.role == "golden" and trial.kind == "pair":
            left += trial.expected == "left"
            right += trial.expected == "right"
        elif trial.role == "instructed":
            coverage.instructed[trial.block] += 1
    coverage.first_blocks[next(t.block for t in trials if t.block != "practice")] += 1
    return replace(coverage, golden_left=left, golden_right=right)


@pytest.fixture(scope="module")
def schedules() -> list[list[PlannedTrial]]:
    """Those of 24 raters, one after the other."""
    study, coverage = make_study(), Coverage()
    found = []
    for seed in range(RATERS):
        trials = build_schedule(study, coverage, seed=seed)
        coverage = counted(coverage, trials)
        found.append(trials)
    return found


def test_a_session_takes_a_quarter_of_an_hour(schedules: list[list[PlannedTrial]]) -> None:
    assert {len(trials) for trials in schedules} == {5 + 3 + 50 + 4 + 3 + 3 + 30 + 2 + 3 + 1}


def test_every_version_is_rated_once_and_every_pair_met_once_by_each_rater(
    schedules: list[list[PlannedTrial]],
) -> None:
    for trials in schedules:
        main = [t for t in trials if t.role == "main"]
        rated = Counter(t.left for t in main if t.kind == "rating")
        pairs = Counter(
            (t.image, frozenset((method(t.left), method(t.right))))
            for t in main
            if t.kind == "pair"
        )
        assert len(rated) == 50
        assert len(pairs) == 30
        assert {*rated.values(), *pairs.values()} == {1}


def test_sides_are_balanced_over_raters(schedules: list[list[PlannedTrial]]) -> None:
    left = Counter(
        (t.image, method(t.left), method(t.right))
        for trials in schedules
        for t in trials
        if t.role == "main" and t.kind == "pair"
    )
    assert len(left) == 60
    assert set(left.values()) == {RATERS // 2}
    methods = Counter(
        method(t.left)
        for trials in schedules
        for t in trials
        if t.role == "main" and t.kind == "pair"
    )
    assert chisquare(list(methods.values())).pvalue > 0.99


def test_sides_are_balanced_within_a_rater(schedules: list[list[PlannedTrial]]) -> None:
    for trials in schedules[::2]:  # every other one mirrors the one before
        main = [t for t in trials if t.role == "main" and t.kind == "pair"]
        left = Counter(method(t.left) for t in main)
        assert max(left.values()) - min(left.values()) <= 6


def test_block_orders_goldens_and_instructions_are_balanced(
    schedules: list[list[PlannedTrial]],
) -> None:
    first = Counter(next(t.block for t in s if t.block != "practice") for s in schedules)
    golden = Counter(
        t.expected for s in schedules for t in s if t.role == "golden" and t.kind == "pair"
    )
    instructed = Counter(t.block for s in schedules for t in s if t.role == "instructed")
    assert first == {"rating": 12, "pair": 12}
    assert golden == {"left": 24, "right": 24}
    assert instructed == {"rating": 12, "pair": 12}


def test_positions_do_not_favour_a_method(schedules: list[list[PlannedTrial]]) -> None:
    halves: Counter[tuple[str, bool]] = Counter()
    for trials in schedules:
        rated = [t for t in trials if t.role == "main" and t.kind == "rating"]
        for place, trial in enumerate(rated):
            halves[method(trial.left), place < 25] += 1
    for name in METHODS:
        assert chisquare([halves[name, True], halves[name, False]]).pvalue > 0.01


def test_no_photograph_comes_twice_in_a_row(schedules: list[list[PlannedTrial]]) -> None:
    for trials in schedules:
        inside = [t for t in trials if t.block != "practice"]
        for before, after in itertools.pairwise(inside):
            if before.block == after.block and "warmup" not in (before.role, after.role):
                assert before.image != after.image


def test_repeats_come_late_with_sides_swapped(schedules: list[list[PlannedTrial]]) -> None:
    for trials in schedules:
        repeats = [(i, t) for i, t in enumerate(trials) if t.role == "repeat"]
        assert len(repeats) == 6
        for place, again in repeats:
            assert again.repeat_of is not None
            first = trials[again.repeat_of]
            assert place - again.repeat_of > 10
            assert first.block == again.block
            if again.kind == "pair":
                assert (first.left, first.right) == (again.right, again.left)
            else:
                assert first.left == again.left


def test_orders_differ_between_raters(schedules: list[list[PlannedTrial]]) -> None:
    assert len({tuple(t.left for t in trials) for trials in schedules}) == RATERS
    assert build_schedule(make_study(), Coverage(), seed=3) == build_schedule(
        make_study(), Coverage(), seed=3
    )


def test_least_rated_images_come_first_when_there_are_more_than_one_rater_sees() -> None:
    study, coverage = make_study(images=25), Coverage()
    for seed in range(5):
        coverage = counted(coverage, build_schedule(study, coverage, seed=seed))
    counts = [coverage.images[image.id] for image in study.main]
    assert max(counts) == min(counts)


def test_after_raters_who_left_the_least_rated_versions_come_first() -> None:
    study = make_study(images=4, practice=2)
    coverage = Coverage()
    for image in study.main:
        for name in METHODS[:3]:
            coverage.versions[image.versions[name].id] += 1
    trials = build_schedule(study, coverage, seed=1)
    rated = [t for t in trials if t.role == "main" and t.kind == "rating"]
    assert {method(t.left) for t in rated[:8]} == set(METHODS[3:])


@pytest.mark.parametrize(("images", "practice"), [(1, 0), (2, 0), (3, 1), (12, 2)])
def test_small_studies_work(images: int, practice: int) -> None:
    trials = build_schedule(make_study(images, practice), Coverage(), seed=0)
    assert sum(t.role == "main" for t in trials) == min(images, 10) * 8


@pytest.mark.parametrize(
    ("expected", "answer", "right"),
    [
        ("<=2", 2, True),
        ("<=2", 3, False),
        (">=4", 5, True),
        (">=4", 3, False),
        ("left", "left", True),
        ("left", "tie", False),
        ("4", 4, True),
        ("4", 2, False),
        (None, 3, None),
        ("tie", None, None),
    ],
)
def test_known_answers(expected: str | None, answer: int | str | None, right: bool | None) -> None:
    assert is_right(expected, answer) is right


@pytest.mark.parametrize(("images", "known", "practice"), [(10, 2, 2), (4, 0, 0), (1, 0, 0)])
def test_known_answers_and_warm_ups_have_photographs_of_their_own(
    images: int, known: int, practice: int
) -> None:
    """Practice says what is right: nobody may meet its photographs where answers are checked."""
    study = make_study(images, practice, known)
    for seed in range(5):
        shown: dict[str, set[str]] = {"practice": set(), "checked": set(), "main": set()}
        for trial in build_schedule(study, Coverage(), seed=seed):
            checked = trial.role in ("golden", "warmup", "instructed")
            shown["checked" if checked else trial.role.replace("repeat", "main")].add(trial.image)
        if images > 1:
            assert not shown["practice"] & shown["checked"]
        if known:
            assert not shown["main"] & (shown["practice"] | shown["checked"])
            assert shown["checked"] == {"k0", "k1"}
