"""Fluorescent structures as densities: filaments, vesicles and meshes of tubules.

Everything is drawn as points, each spread over the four pixels around it; the optics come later
and pass on less than this grid holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import Delaunay

STEP_PX = 0.5  # between the points of a line
MARGIN_PX = 24  # around the picture, where structures may begin

Points = list[tuple[np.ndarray, np.ndarray]]  # (N, 2) rows and columns, and (N,) brightness


def draw_scene(kind: str, side: int, random: np.random.Generator) -> np.ndarray:
    """A scene: (side, side) float64 densities, 0 or more, not normalised.

    Args:
        kind: of `SCENES`.
        side: in high-resolution pixels, of about 31 nm.
    """
    return SCENES[kind](side, random)


def filaments(side: int, random: np.random.Generator) -> np.ndarray:
    """Microtubules and actin: smooth curves of random stiffness, some in bundles."""
    count = int(side * np.exp(random.uniform(np.log(0.03), np.log(0.4))))
    stiffness_px = np.exp(random.uniform(np.log(60), np.log(1500)))
    common = random.uniform(0, np.pi) if random.random() < 0.4 else None
    lines: Points = []
    for _ in range(max(1, count)):
        direction = random.uniform(0, 2 * np.pi)
        if common is not None:
            direction = common + random.normal(0, 0.3) + np.pi * random.integers(2)
        line = _curve(side, random, direction, stiffness_px)
        strands = 1 + random.poisson(2) if random.random() < 0.15 else 1
        brightness = np.exp(random.normal(0, 0.35))
        for _ in range(strands):
            offset = random.normal(0, 1.5, 2) if strands > 1 else np.zeros(2)
            lines.append((line + offset, brightness * _labelling(len(line), random)))
    return _picture(side, lines)


def vesicles(side: int, random: np.random.Generator) -> np.ndarray:
    """Coated pits and vesicles: dots and small rings, alone and in groups."""
    count = int(side**2 * np.exp(random.uniform(np.log(2e-4), np.log(6e-3))))
    centres = random.uniform(0, side, (max(1, count), 2))
    if random.random() < 0.5:  # most of them in a few places
        hubs = random.uniform(0, side, (random.integers(2, 12), 2))
        chosen = hubs[random.integers(len(hubs), size=len(centres))]
        near = chosen + random.normal(0, side / random.uniform(8, 30), centres.shape)
        centres = np.where(random.random((len(centres), 1)) < 0.7, near, centres)
    dots: Points = []
    largest_px = random.uniform(0.8, 4.0)
    spread = random.uniform(0.2, 0.9)
    for centre in centres:
        radius = random.uniform(0.1, largest_px)
        points = 40
        angle = random.uniform(0, 2 * np.pi, points)
        distance = radius * np.sqrt(random.uniform(random.choice([0.0, 0.7]), 1, points))
        ring = centre + distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        brightness = np.exp(random.normal(0, spread)) * (0.5 + radius)
        dots.append((ring, np.full(points, brightness / points)))
    return _picture(side, dots)


def meshes(side: int, random: np.random.Generator) -> np.ndarray:
    """Endoplasmic reticulum: tubules that join three by three, and sheets between some of them."""
    spacing_px = random.uniform(10, 40)
    wide = side + 2 * MARGIN_PX
    nodes = random.uniform(-MARGIN_PX, side + MARGIN_PX, (max(8, int((wide / spacing_px) ** 2)), 2))
    triangles = Delaunay(nodes).simplices
    edges = {tuple(sorted(pair)) for t in triangles for pair in ((t[0], t[1]), (t[1], t[2]))}
    tubules: Points = []
    bend_px = random.uniform(0, 4)
    for a, b in sorted(edges):
        length = float(np.hypot(*(nodes[b] - nodes[a])))
        t = np.linspace(0, 1, max(2, int(length / STEP_PX)))[:, None]
        sideways = np.array([nodes[b][1] - nodes[a][1], nodes[a][0] - nodes[b][0]]) / (length + 1)
        line = nodes[a] + t * (nodes[b] - nodes[a])
        line = line + random.normal(0, bend_px) * np.sin(np.pi * t) * sideways
        tubules.append((line, np.exp(random.normal(0, 0.25)) * _labelling(len(line), random)))
    total = _picture(side, tubules)
    sheet = gaussian_filter(random.normal(0, 1, (side, side)), random.uniform(6, 20))
    sheet = np.clip(sheet / (sheet.std() + 1e-12) - random.uniform(0.8, 2.5), 0, 1)
    return total + random.uniform(0, 1.5) * sheet * total[total > 0].mean()


SCENES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "filaments": filaments,
    "vesicles": vesicles,
    "meshes": meshes,
}


def out_of_focus(side: int, random: np.random.Generator) -> np.ndarray:
    """What lies above and below, far out of focus: smooth, its mean 1; (side, side) float64."""
    total = np.zeros((side, side))
    for width in (side / 4, side / 10, side / 25):
        layer = gaussian_filter(random.normal(0, 1, (side, side)), width, mode="wrap")
        total += random.uniform(0.1, 0.5) * layer / (layer.std() + 1e-12)
    positive = np.exp(total)
    return positive / positive.mean()


def _curve(
    side: int, random: np.random.Generator, direction: float, stiffness_px: float
) -> np.ndarray:
    """Points of a line whose direction changes slowly: (N, 2), rows and columns."""
    points = int(random.uniform(0.3, 2.0) * side / STEP_PX)
    turns = random.normal(0, np.sqrt(STEP_PX / stiffness_px), points)
    angle = direction + np.cumsum(turns)
    start = random.uniform(-MARGIN_PX, side + MARGIN_PX, 2)
    steps = STEP_PX * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    line: np.ndarray = start + np.cumsum(steps, axis=0)
    return line - random.uniform(0, 1) * (line[-1] - start)


def _labelling(points: int, random: np.random.Generator) -> np.ndarray:
    """How many dyes sit along a line: never even."""
    return random.gamma(random.uniform(1, 8), size=points) / 4


def _picture(side: int, drawn: Points) -> np.ndarray:
    """Points on a grid: each is shared by the four pixels around it; what lies outside is lost."""
    points = np.concatenate([part for part, _ in drawn])
    weights = np.concatenate([part for _, part in drawn])
    floor = np.floor(points).astype(int)
    part = points - floor
    total = np.zeros(side * side)
    for down in (0, 1):
        for across in (0, 1):
            row, column = floor[:, 0] + down, floor[:, 1] + across
            share = np.abs(1 - down - part[:, 0]) * np.abs(1 - across - part[:, 1])
            inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
            index = row[inside] * side + column[inside]
            total += np.bincount(index, (weights * share)[inside], minlength=side * side)
    return total.reshape(side, side)
