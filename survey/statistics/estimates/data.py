"""Responses as arrays: raters by images by methods. What is missing is NaN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LOWEST, HIGHEST = 1.0, 5.0


@dataclass(frozen=True)
class Ratings:
    """The scores that count.

    Attributes:
        scores: (raters, images, methods) float64, 1 to 5; NaN where a rater did not rate.
        ppd: (raters,) pixels per degree, the median over a rater's answers; NaN when unknown.
    """

    raters: tuple[str, ...]
    images: tuple[str, ...]
    methods: tuple[str, ...]
    scores: np.ndarray
    ppd: np.ndarray

    def of(self, method: str) -> np.ndarray:
        """(raters, images) scores of a method."""
        return np.asarray(self.scores[:, :, self.methods.index(method)])

    def only(self, chosen: np.ndarray) -> Ratings:
        """The same of some raters: (raters,) bool."""
        raters = tuple(r for r, is_in in zip(self.raters, chosen, strict=True) if is_in)
        return replace(self, raters=raters, scores=self.scores[chosen], ppd=self.ppd[chosen])


@dataclass(frozen=True)
class Pairs:
    """The choices that count.

    Attributes:
        order: the study's methods.
        compared: the pairs of methods; the first of a pair is "a", the second "b".
        won: (raters, images, pairs) float64: 1 where a was preferred, 0 where b, 0.5 for a tie;
            NaN where there is no answer.
        a_left: (raters, images, pairs) bool: a was on the left.
        ppd: (raters,) as in `Ratings`.
    """

    raters: tuple[str, ...]
    images: tuple[str, ...]
    order: tuple[str, ...]
    compared: tuple[tuple[str, str], ...]
    won: np.ndarray
    a_left: np.ndarray
    ppd: np.ndarray

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods that were compared."""
        return in_order((method for pair in self.compared for method in pair), self.order)

    def only(self, chosen: np.ndarray) -> Pairs:
        """The same of some raters: (raters,) bool."""
        raters = tuple(r for r, is_in in zip(self.raters, chosen, strict=True) if is_in)
        return replace(
            self,
            raters=raters,
            won=self.won[chosen],
            a_left=self.a_left[chosen],
            ppd=self.ppd[chosen],
        )


def in_order(methods: Iterable[str], order: Sequence[str]) -> tuple[str, ...]:
    """Methods without repetition in the study's order; ones that it does not name last."""
    known = {method: place for place, method in enumerate(order)}
    return tuple(sorted(set(methods), key=lambda m: (known.get(m, len(known)), m)))


def counted(responses: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows that count: role "main" of a kind, "rating" or "pair".

    Ratings beside the original are of kind "degradation"; a study asks one or the other, and what
    is computed of their scores is the same.
    """
    kinds = (kind, "degradation") if kind == "rating" else (kind,)
    return responses[(responses["role"] == "main") & responses["kind"].isin(kinds)]


def progress(responses: pd.DataFrame) -> pd.DataFrame:
    """Of each participant, in order: trials `answered` of `trials`, `finished`, `stopped_in`.

    `stopped_in` is the block of the last answer, "end" where all was answered, "" for who has
    finished. Where responses do not say how many trials a person had, the most that anybody
    answered stand for it; where they do not say who has finished, all answered is finished.
    """
    people = responses.sort_values("seq", kind="stable").groupby("participant")
    table = people.agg(answered=("trial_id", "nunique"), stopped_in=("block", "last"))
    table["trials"] = table["answered"].max()
    if "trials" in responses:
        table["trials"] = people["trials"].last().fillna(table["trials"]).astype(int)
    is_all = table["answered"] >= table["trials"]
    told = people["finished"].last() if "finished" in responses else is_all
    table["finished"] = told.astype("boolean").fillna(is_all.astype("boolean")).astype(bool)
    table.loc[is_all, "stopped_in"] = "end"
    table.loc[table["finished"], "stopped_in"] = ""
    return table[["answered", "trials", "finished", "stopped_in"]]


def read_ratings(responses: pd.DataFrame, order: Sequence[str] = ()) -> Ratings:
    """The ratings that count, of `read_responses` or responses.csv.

    Were a version rated twice by one person, the mean of both would stand.

    Args:
        order: of the methods, as the protocol has them; without it that of the alphabet.
    """
    rows = counted(responses, "rating")
    rows = rows[rows["score"].notna()]
    raters = tuple(sorted(set(rows["participant"])))
    images = tuple(sorted(set(rows["image"])))
    methods = in_order(rows["method"], order)
    shape = (len(raters), len(images), len(methods))
    at = _places(rows, raters, images, [methods.index(m) for m in rows["method"]])
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, at, rows["score"].to_numpy(dtype=float))
    np.add.at(count, at, 1)
    scores = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    return Ratings(raters, images, methods, scores, _density(rows, raters))


def read_pairs(responses: pd.DataFrame, order: Sequence[str] = ()) -> Pairs:
    """The choices that count, of `read_responses` or responses.csv.

    Args:
        order: as for `read_ratings`.
    """
    rows = counted(responses, "pair")
    rows = rows[rows["choice"].notna()]
    raters = tuple(sorted(set(rows["participant"])))
    images = tuple(sorted(set(rows["image"])))
    both = list(zip(rows["method_left"], rows["method_right"], strict=True))
    everything = in_order((method for pair in both for method in pair), order)
    place = {method: at for at, method in enumerate(everything)}
    sides = [tuple(sorted(pair, key=place.__getitem__)) for pair in both]
    compared = tuple(sorted(set(sides), key=lambda pair: tuple(place[m] for m in pair)))
    which = [compared.index(pair) for pair in sides]
    shape = (len(raters), len(images), len(compared))
    won, a_left = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    at = _places(rows, raters, images, which)
    left = np.array([pair[0] == compared[k][0] for pair, k in zip(both, which, strict=True)], bool)
    side = rows["choice"].map({"left": 1.0, "right": 0.0, "tie": 0.5}).to_numpy(dtype=float)
    won[at] = np.where(left, side, 1 - side)
    a_left[at] = left
    compared_pairs = tuple((pair[0], pair[1]) for pair in compared)
    return Pairs(raters, images, everything, compared_pairs, won, a_left, _density(rows, raters))


def flat(table: np.ndarray) -> np.ndarray:
    """One row a rater: (raters, ...) to (raters, rest), for no raters and for nothing too."""
    return table.reshape(len(table), int(np.prod(table.shape[1:])))


def _density(rows: pd.DataFrame, raters: tuple[str, ...]) -> np.ndarray:
    median = rows.groupby("participant")["ppd"].median()
    return np.array([median.get(rater, np.nan) for rater in raters], dtype=float)


def _places(
    rows: pd.DataFrame, raters: tuple[str, ...], images: tuple[str, ...], last: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rater = {name: place for place, name in enumerate(raters)}
    image = {name: place for place, name in enumerate(images)}
    return (
        np.array([rater[name] for name in rows["participant"]], dtype=int),
        np.array([image[name] for name in rows["image"]], dtype=int),
        np.array(last, dtype=int),
    )
