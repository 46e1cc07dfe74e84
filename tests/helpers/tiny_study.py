"""A survey that is quick to go through: a study of few small pictures, made without any network.

Every version is its own noise, so that a picture on the screen can be told from every other one,
and any resampling, shift or colour change of one pixel shows.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from pathlib import Path

import numpy as np

from survey.preparation.crops import write_plain_png
from survey.study.protocol import METHODS, Protocol, sha256_of

PROTOCOL = Protocol(
    compared=(("bicubic", "srresnet_x4"), ("bicubic", "srgan_x4")),
    images_per_rater=2,
    practice=2,
    warmups=1,
    repeats=1,
    repeat_distance=2,
    width=120,
    height=80,
)


def make_study(
    data_folder: Path,
    *,
    name: str = "default",
    protocol: Protocol = PROTOCOL,
    images: int = 2,
    seed: int = 1,
) -> Path:
    """Write a study into a data folder; returns the study's folder."""
    folder = data_folder / "studies" / name
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(seed)
    shape = (protocol.height, protocol.width, 3)
    entries = []
    for index in range(images + 1):
        versions = []
        for rank, method in enumerate(METHODS):
            file = f"{secrets.token_hex(16)}.png"
            pixels = random.integers(0, 256, shape, dtype=np.uint8)
            digest = write_plain_png(folder / "images" / file, pixels)
            figures = {"psnr_y": 20.0 + rank, "ssim_y": 0.5, "lpips_alex": 0.5 - rank / 10}
            versions.append(
                {"id": secrets.token_hex(16), "method": method, "file": file, "sha256": digest}
                | ({} if method == "original" else figures)
            )
        role = "main" if index < images else "practice"
        entries.append(
            {"id": f"image-{index:03d}", "name": f"p{index}", "role": role, "versions": versions}
        )
    values = {
        "format": 1,
        "name": name,
        "created_at": "2026-11-01T12:00:00.000+00:00",
        "protocol": json.loads(json.dumps(dataclasses.asdict(protocol))),
        "protocol_sha256": protocol.sha256,
        "models": {},
        "images": entries,
    }
    values["sha256"] = sha256_of(values)
    (folder / "study.json").write_text(json.dumps(values), encoding="utf-8")
    return folder
