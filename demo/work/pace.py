"""How long work will take, from how long it took."""

from __future__ import annotations

from demo.work.job import FINISHED, Job, is_quick


class Pace:
    """Seconds a pixel of each model, learnt while it works."""

    def __init__(self) -> None:
        self._seconds_per_pixel: dict[str, float] = {}

    def learn(self, model: str, seconds: float, num_pixels: int) -> None:
        """Note what a version took."""
        self._seconds_per_pixel[model] = seconds / num_pixels

    def seconds_left(self, job: Job) -> float | None:
        """How long until everything is ready; None while nothing is known."""
        total = 0.0
        pace: float | None = None  # what the running network takes for the whole photo
        for version in job.versions():
            if version.state in FINISHED or is_quick(version.key):
                continue
            seconds = None
            if version.state == "running" and version.seconds_left is not None:
                seconds = version.seconds_left
                pace = seconds / max(1 - version.progress, 0.01)
            if seconds is None:
                seconds = self.expected(version.key, job.num_pixels(version.key))
            if seconds is None:
                seconds = pace
            if seconds is None:
                return None
            total += seconds
        return total

    def expected(self, model: str, num_pixels: int) -> float | None:
        """Seconds that a model takes for so many pixels, or that the slowest network does where
        it never ran yet; None while nothing is known.
        """
        known = dict(self._seconds_per_pixel)
        rates = [known[key] for key in known if not is_quick(key)]
        rate = known.get(model, max(rates, default=None))
        return None if rate is None else rate * num_pixels
