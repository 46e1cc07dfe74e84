"""Which trials a rater gets, in which order, on which side: balanced over raters, then at random.

Sources: ITU-R BT.500 (warm-ups, order), ITU-T P.910 (hidden reference, golden trials), Ledig et al.
2017 section 3.3 (anchors, hidden repeats). docs/survey.md gives the defaults.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from survey.study.order import (
    Item,
    Kind,
    Role,
    beside,
    fits,
    joined,
    spread,
    sprinkled,
    with_repeats,
)
from survey.study.protocol import Protocol
from survey.study.study import Study, StudyImage

Block = Literal["practice", "rating", "pair"]
Pair = tuple[str, str, str]  # image, method, method

BAD, GOOD = "<=2", ">=4"  # expected scores of the anchors


@dataclass(frozen=True)
class PlannedTrial:
    """One trial before it has an id; `repeat_of` is a position in the same schedule."""

    block: Block
    kind: Kind
    role: Role
    image: str
    left: str  # version id
    right: str | None = None
    expected: str | None = None
    repeat_of: int | None = None


@dataclass(frozen=True)
class Coverage:
    """What earlier raters have answered, or are about to: the counts that balance the next one."""

    images: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)  # ratings of a version
    left_first: Counter[Pair] = field(default_factory=Counter)  # the pair's first method was left
    left_second: Counter[Pair] = field(default_factory=Counter)
    angle_first: Counter[Pair] = field(default_factory=Counter)  # the same, magnified
    angle_second: Counter[Pair] = field(default_factory=Counter)
    golden_left: int = 0
    golden_right: int = 0
    first_blocks: Counter[str] = field(default_factory=Counter)
    instructed: Counter[str] = field(default_factory=Counter)  # by block


def build_schedule(study: Study, coverage: Coverage, *, seed: int) -> list[PlannedTrial]:
    """All trials of one rater, in order.

    Args:
        study: images and protocol.
        coverage: of the raters before.
        seed: of what balance leaves open.

    Returns:
        Practice, then both blocks; never the same photograph twice in a row where the study has
        more than one.
    """
    rng = random.Random(seed)
    protocol = study.protocol
    images = sorted(study.main, key=lambda i: (coverage.images[i.id], rng.random()))
    images = images[: protocol.images_per_rater]
    blocks: dict[str, list[Item]] = {
        "rating": _rating_block(study, images, coverage, rng),
        "pair": _pair_block(study, images, coverage, rng),
    }
    asked = [block for block in blocks if blocks[block]]
    first = min(asked, key=lambda b: (coverage.first_blocks[b], rng.random()))
    instructed = min(asked, key=lambda b: (coverage.instructed[b], rng.random()))
    blocks[instructed] = _with_instructed(blocks[instructed], study, instructed, rng)
    order: list[tuple[Block, list[Item]]] = [("practice", _practice(study, rng))]
    order += [("rating", blocks["rating"]), ("pair", blocks["pair"])]
    if first == "pair":
        order[1:] = order[:0:-1]
    return _numbered([(block, items) for block, items in order if items])


def _numbered(order: Sequence[tuple[Block, list[Item]]]) -> list[PlannedTrial]:
    place: dict[int, int] = {}
    trials: list[PlannedTrial] = []
    for block, items in order:
        for item in items:
            place[id(item)] = len(trials)
            trials.append(
                PlannedTrial(
                    block,
                    item.kind,
                    item.role,
                    item.image,
                    item.left,
                    item.right,
                    item.expected,
                    None if item.repeats is None else place[id(item.repeats)],
                )
            )
    return trials


def _practice(study: Study, rng: random.Random) -> list[Item]:
    """Large differences, so that the feedback teaches the task and the ends of the scale."""
    images = _cycle(study.practice, rng)
    protocol, best = study.protocol, study.protocol.best
    ratings: list[Callable[[StudyImage], Item]] = [
        lambda i: _single(protocol, "practice", i, best, GOOD),
        lambda i: _single(protocol, "practice", i, "nearest", BAD),
        lambda i: _single(protocol, "practice", i, "bicubic", "<=3"),
    ]
    pairs: list[Callable[[StudyImage], Item]] = [
        lambda i: _known_pair("practice", i, best, "nearest", left=rng.random() < 0.5),
        lambda i: _known_pair("practice", i, best, "bicubic", left=rng.random() < 0.5),
    ]
    if not protocol.has_original:  # how good the best is, nobody knows
        ratings, pairs = ratings[1:2], pairs[:1]
    if not protocol.compared:
        makers = ratings
    elif not protocol.rated:
        makers = pairs
    else:
        makers = [*ratings[:2], *pairs, *ratings[2:]]
    return [
        makers[index % len(makers)](images[index % len(images)])
        for index in range(protocol.practice)
    ]


def _rating_block(
    study: Study, images: Sequence[StudyImage], coverage: Coverage, rng: random.Random
) -> list[Item]:
    protocol = study.protocol
    items = [
        _single(protocol, "main", image, method) for image in images for method in protocol.rated
    ]
    items.sort(key=lambda item: (coverage.versions[item.version], rng.random()))
    items = spread(items)
    known = _cycle(study.known, rng)
    count = _goldens(len(items), protocol)
    anchors = [("nearest", BAD), ("original", GOOD)]
    if not protocol.has_original:
        anchors.pop()
    rng.shuffle(anchors)
    goldens = [
        _single(protocol, "golden", known[index % len(known)], *anchors[index % len(anchors)])
        for index in range(count)
    ]
    anchor_ids = {image.versions[method].id for image in images for method, _ in anchors}
    repeated = [item for item in items if item.version not in anchor_ids] or items
    items = with_repeats(items, repeated, protocol, rng, turn=lambda item: item)
    items = sprinkled(items, goldens, rng)
    warmups = [
        _single(protocol, "warmup", image, rng.choice(protocol.rated))
        for image in (known[i % len(known)] for i in range(protocol.warmups if items else 0))
    ]
    return joined(warmups, items)


def _pair_block(
    study: Study, images: Sequence[StudyImage], coverage: Coverage, rng: random.Random
) -> list[Item]:
    protocol = study.protocol
    pairs = [(image, a, b) for image in images for a, b in protocol.compared]
    items = _on_sides("main", pairs, coverage.left_first, coverage.left_second, rng)

    def seen(item: Item) -> int:
        return coverage.versions[item.left] + coverage.versions[item.right or ""]

    items.sort(key=lambda item: (seen(item), rng.random()))
    items = spread(items)
    known = _cycle(study.known, rng)
    on_left = coverage.golden_left < coverage.golden_right or (
        coverage.golden_left == coverage.golden_right and rng.random() < 0.5
    )
    goldens = [
        _known_pair(
            "golden",
            known[i % len(known)],
            protocol.best,
            "nearest",
            left=on_left != bool(i % 2),
        )
        for i in range(_goldens(len(items), protocol))
    ]
    items = with_repeats(items, items, protocol, rng, turn=_swapped)
    items = sprinkled(items, goldens, rng)
    items = beside(items, _angle_part(study, images, coverage, rng), rng)
    warmups = []
    for index in range(protocol.warmups if protocol.compared else 0):
        image = known[index % len(known)]
        a, b = rng.sample(rng.choice(protocol.compared), 2)
        warmups.append(Item("warmup", image.id, image.versions[a].id, image.versions[b].id))
    return joined(warmups, items)


def _on_sides(
    role: Role,
    pairs: list[tuple[StudyImage, str, str]],
    first: Counter[Pair],
    second: Counter[Pair],
    rng: random.Random,
) -> list[Item]:
    """Pairs with their sides: even over raters first, then even for this one, then by chance.

    Args:
        pairs: image and two methods; comes back in a random order.
        first: how often a pair's first method has been left; `second`: how often its second.
    """
    lefts: Counter[str] = Counter()
    rng.shuffle(pairs)
    items = []
    for image, a, b in pairs:
        key = (image.id, a, b)
        lead = first[key] - second[key]
        here = lefts[a] - lefts[b]
        first_is_left = lead < 0 or (lead == 0 and (here < 0 or (here == 0 and rng.random() < 0.5)))
        left, right = (a, b) if first_is_left else (b, a)
        lefts[left] += 1
        items.append(Item(role, image.id, image.versions[left].id, image.versions[right].id))
    return items


def _angle_part(
    study: Study, images: Sequence[StudyImage], coverage: Coverage, rng: random.Random
) -> list[Item]:
    """The comparisons that are shown again, magnified to one visual angle for everybody."""
    if not study.protocol.angle_images:
        return []
    a, b = study.protocol.angle_pair
    first, second = coverage.angle_first, coverage.angle_second

    def seen(image: StudyImage) -> int:
        return first[image.id, a, b] + second[image.id, a, b]

    chosen = sorted(images, key=lambda image: (seen(image), rng.random()))
    pairs = [(image, a, b) for image in chosen[: study.protocol.angle_images]]
    return _on_sides("angle", pairs, first, second, rng)


def _single(
    protocol: Protocol, role: Role, image: StudyImage, method: str, expected: str | None = None
) -> Item:
    """One version to rate; beside the original, which is always on the left (ITU-T P.910)."""
    version = image.versions[method].id
    if not protocol.beside_original:
        return Item(role, image.id, version, expected=expected)
    original = image.versions["original"].id
    return Item(role, image.id, original, version, expected, is_beside=True)


def _known_pair(role: Role, image: StudyImage, better: str, worse: str, *, left: bool) -> Item:
    a, b = (better, worse) if left else (worse, better)
    expected = "left" if left else "right"
    return Item(role, image.id, image.versions[a].id, image.versions[b].id, expected)


def _swapped(item: Item) -> Item:
    assert item.right is not None
    return replace(item, left=item.right, right=item.left)


def _goldens(count: int, protocol: Protocol) -> int:
    return max(1, round(count / protocol.golden_every)) if count else 0


def _cycle(images: Sequence[StudyImage], rng: random.Random) -> list[StudyImage]:
    shuffled = list(images)
    rng.shuffle(shuffled)
    return shuffled


def _with_instructed(items: list[Item], study: Study, block: str, rng: random.Random) -> list[Item]:
    """One trial that says on the screen what to answer."""
    image = rng.choice(study.known)
    if block == "rating":
        method, wanted = rng.choice(study.protocol.rated), str(rng.randint(1, 5))
        extra = _single(study.protocol, "instructed", image, method, wanted)
    else:
        a, b = rng.sample(study.protocol.compared[0], 2)
        extra = Item("instructed", image.id, image.versions[a].id, image.versions[b].id, "tie")
    middle = len(items) // 2
    places = [i for i in range(len(items) + 1) if fits(items, i, image.id)] or [middle]
    items = list(items)
    items.insert(min(places, key=lambda index: abs(index - middle)), extra)
    return items
