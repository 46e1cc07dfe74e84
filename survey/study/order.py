"""The order of a block: no photograph twice in a row, repeats far behind, the rest evenly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from survey.study.protocol import Protocol

Kind = Literal["rating", "degradation", "pair"]
Role = Literal["practice", "warmup", "main", "golden", "repeat", "instructed", "angle"]


@dataclass
class Item:
    """A trial on its way into a block."""

    role: Role
    image: str
    left: str
    right: str | None = None
    expected: str | None = None
    repeats: Item | None = None
    is_beside: bool = False  # what is rated is on the right, the original on the left

    @property
    def version(self) -> str:
        """What is rated, or stands on the left."""
        return self.right if self.is_beside and self.right is not None else self.left

    @property
    def kind(self) -> Kind:
        """What is asked."""
        return "rating" if self.right is None else "degradation" if self.is_beside else "pair"


def spread(items: list[Item]) -> list[Item]:
    """Keep the order as far as possible, with no photograph twice in a row where that can be."""
    waiting = list(items)
    left = Counter(item.image for item in waiting)
    result: list[Item] = []
    while waiting:
        last = result[-1].image if result else None
        image, most = left.most_common(1)[0]
        must = 2 * most > len(waiting) and image != last  # else it would pile up at the end
        chosen = next(
            (i for i in waiting if i.image != last and (not must or i.image == image)), waiting[0]
        )
        waiting.remove(chosen)
        left[chosen.image] -= 1
        result.append(chosen)
    return result


def fits(items: list[Item], index: int, image: str) -> bool:
    """Whether a trial of an image may stand at a position without a twin beside it."""
    before = items[index - 1].image if index else None
    after = items[index].image if index < len(items) else None
    return image not in (before, after)


def with_repeats(
    items: list[Item],
    candidates: list[Item],
    protocol: Protocol,
    rng: random.Random,
    *,
    turn: Callable[[Item], Item],
) -> list[Item]:
    """Show some trials of the first half again, far enough behind."""
    items = list(items)
    half = {id(item) for item in items[: max(1, len(items) // 2)]}
    early = [item for item in candidates if id(item) in half]
    for original in rng.sample(early, min(protocol.repeats, len(early))):
        first = next(i for i, item in enumerate(items) if item is original)
        earliest = first + protocol.repeat_distance + 1
        places = [
            index for index in range(earliest, len(items) + 1) if fits(items, index, original.image)
        ]
        if places:
            again = replace(turn(original), role="repeat", repeats=original)
            items.insert(rng.choice(places), again)
    return items


def sprinkled(items: list[Item], extras: list[Item], rng: random.Random) -> list[Item]:
    """Put extra trials at even distances, moved a little so that nobody can count on them."""
    items = list(items)
    for number, extra in enumerate(extras):
        ideal = round(len(items) * (number + 0.5) / len(extras)) + rng.randint(-2, 2)
        places = [index for index in range(len(items) + 1) if fits(items, index, extra.image)]
        places = places or list(range(len(items) + 1))
        items.insert(min(places, key=lambda index: abs(index - ideal)), extra)
    return items


def joined(warmups: list[Item], items: list[Item]) -> list[Item]:
    """Warm-ups first, in an order that does not end with the photograph that comes next."""
    if items and warmups and warmups[-1].image == items[0].image:
        other = next((w for w in warmups if w.image != items[0].image), None)
        if other is not None:
            warmups = [*(w for w in warmups if w is not other), other]
    return [*warmups, *items]


def beside(items: list[Item], part: list[Item], rng: random.Random) -> list[Item]:
    """A part before or after the others, by chance, with no photograph twice in a row."""
    is_first = rng.random() < 0.5
    joint = (items[:1] if is_first else items[-1:]) if part else []
    end = -1 if is_first else 0
    if joint and len(part) > 1 and part[end].image == joint[0].image:
        part = [*part[1:], part[0]] if end == 0 else [part[-1], *part[:-1]]
    return part + items if is_first else items + part
