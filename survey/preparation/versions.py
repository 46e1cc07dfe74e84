"""Studies are made here: the crops of photographs, and every method's version of each."""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sr.models.entries.shipped import FRAME_MODELS
from survey.preparation.crops import write_plain_png
from survey.preparation.drafts import check_free, new_draft, write_study
from survey.preparation.sources import Source, crop_of, make_versions
from survey.preparation.tables import Labels
from survey.study.errors import StudyError
from survey.study.protocol import Protocol
from survey.study.study import FORMAT, Study, load_study


def prepare_study(
    sources: Sequence[Source],
    folder: Path,
    *,
    protocol: Protocol | None = None,
    scale: int | None = None,
    progress: Callable[[float], None] | None = None,
    look: Callable[[], None] = lambda: None,
    labels: Labels | None = None,
    now: str,
) -> Study:
    """Compute all versions of all sources and put the finished study in place at once.

    Args:
        sources: photographs at least as large as the protocol's crop; larger ones are reduced
            and the window with the most detail is taken.
        protocol: its methods are models of one scale, interpolations, "original", and what the
            sources have finished pictures of.
        scale: by how much all enlarge; None is that of the models.
        folder: of the study; must not exist. Until all is done nothing is there, nor is after an
            error.
        progress: told the share that is done, 0 to 1.
        look: called again and again; what it raises ends the work.
        labels: what methods are called, by method and language tag.
        now: UTC, ISO 8601.

    Raises:
        StudyError: the folder exists, no source is large enough, models of several scales, or
            crops that are no multiples of the scale.
        SRError: a model cannot be used.
    """
    from sr.inference.upscaler import get_upscaler

    protocol = protocol or Protocol()
    check_free(folder)
    own = {method for source in sources for method in source.pictures}
    models = [m for m in protocol.methods if m != "original" and m not in own]
    scale = scale or scale_of(models)
    usable = [source for source in sources if source.fits(protocol, scale)]
    if not any(source.role == "main" for source in usable):
        raise StudyError(
            f"none of {len(sources)} photographs is at least {protocol.width}x{protocol.height} "
            "pixels; give larger ones"
        )
    if protocol.width % scale or protocol.height % scale:
        raise StudyError(
            f"crops of {protocol.width}x{protocol.height}; needed multiples of {scale}"
        )
    upscalers = {name: get_upscaler(name, scale=scale) for name in models}
    with new_draft(folder) as draft:
        images = []
        for index, source in enumerate(usable):
            shown = crop_of(source, protocol, scale)
            versions = make_versions(source, shown, protocol, upscalers, scale, look)
            entry: dict[str, Any] = {
                "id": f"image-{index + 1:03d}",
                "name": source.name,
                "role": source.role,
                "crop": shown._asdict(),
                "versions": [],
            }
            for method, (pixels, measured) in versions.items():
                file = f"{secrets.token_hex(16)}.png"
                digest = write_plain_png(draft / "images" / file, pixels)
                entry["versions"].append(
                    {"id": secrets.token_hex(16), "method": method, "file": file, "sha256": digest}
                    | measured
                )
            if source.stretch is not None:
                entry["stretch"] = list(source.stretch)
            images.append(entry)
            if progress is not None:
                progress((index + 1) / len(usable))
        write_study(
            draft,
            {
                "format": FORMAT,
                "name": folder.name,
                "created_at": now,
                "protocol": json.loads(json.dumps(dataclasses.asdict(protocol))),
                "protocol_sha256": protocol.sha256,
                "models": model_hashes(
                    [*models, *(m for m in protocol.rated if m in FRAME_MODELS)]
                ),
                "labels": labels or {},
                "images": images,
            },
        )
    return load_study(folder)


def scale_of(methods: Sequence[str]) -> int:
    """By how much models enlarge: the networks among them, or else the interpolations.

    Raises:
        UnknownModelError: a method that is no model.
        StudyError: networks of several scales, or no model at all.
    """
    from sr.models.registry import model_info

    models = [model_info(method) for method in methods if method != "original"]
    chosen = [model for model in models if model.network] or models[:1]
    if not chosen:
        raise StudyError("no model says by how much it enlarges; give --scale")
    scale = chosen[0].scale
    if scale == 1:
        raise StudyError(f"{chosen[0].name} keeps the size; a study compares enlargements")
    if any(model.scale != scale for model in chosen):
        said = ", ".join(f"{model.name} {model.scale}" for model in chosen)
        raise StudyError(f"a study compares models of one scale; these enlarge: {said}")
    return scale


def model_hashes(models: Sequence[str]) -> dict[str, str]:
    """sha256 of the weights the versions are made with."""
    from sr.models.loading import weights_sha256
    from sr.models.registry import model_info

    return {name: weights_sha256(name) for name in models if model_info(name).network}
