"""Which models the page offers, which it shows until others are chosen, and which fit a photo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from sr.models.between import mixture_steps
from sr.models.entries.model import BICUBIC, INTERPOLATION_SCALES, PHOTO, Model
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from sr.models.registry import known_models, model_info, network_scales

if TYPE_CHECKING:
    from sr.images.photo import Photo
    from sr.metrics.condition import Condition

Purpose = Literal["interpolation", "between", "clean", "photo", "frame", "other"]
# What made the small pictures that a network learned from -> what it is for.
CUBIC = "bicubic"  # the interpolation that frames are compared with
LEARNED_FROM: dict[str, Purpose] = {BICUBIC: "clean", PHOTO: "photo"}


def default_scale() -> int:
    """The factor the page enlarges by until another is chosen: that of the first network."""
    return network_scales()[0]


def page_scales() -> list[int]:
    """The factors the page offers: all that interpolations know, as far as networks reach."""
    most = max(network_scales())
    return sorted({*network_scales(), *(scale for scale in INTERPOLATION_SCALES if scale <= most)})


def network_scale(scale: int) -> int:
    """The factor of the networks that serve one: its own, or the nearest larger that there is."""
    return min(known for known in network_scales() if known >= scale)


def offered_models(scale: int) -> list[Model]:
    """The models that serve a factor, in the order of the registry: interpolations, and networks
    of `network_scale`, whose results are reduced where that is larger.
    """
    larger = network_scale(scale)
    return [
        model
        for model in known_models().values()
        if (model.scale == larger if model.network else scale in model.scales)
    ]


def other_models(scale: int) -> list[Model]:
    """The networks that enlarge by another factor, and can be shown beside those of this one."""
    larger = network_scale(scale)
    return [m for m in known_models().values() if m.network and m.scale not in (1, larger)]


def is_light(key: str) -> bool:
    """Whether it is an interpolation: quick, and never in anyone's way."""
    return key in MODELS and not MODELS[key].network


def purpose_of(model: Model) -> Purpose:
    """What a model is for, as far as the page has words for it."""
    if model.name in FRAME_MODELS:
        return "frame"
    if model.between is not None:
        return "between"
    return LEARNED_FROM.get(model.degradation, "other") if model.network else "interpolation"


def default_models(scale: int) -> list[str]:
    """The models the page shows until others are chosen: those marked so, or where no network of
    the factor is, all that are not for photographs as they are.
    """
    offered = offered_models(scale)
    marked = [model for model in offered if model.is_default]
    if not any(model.network for model in marked):
        marked += [model for model in offered if model.network and purpose_of(model) != "photo"]
    return [model.name for model in marked]


def between_steps(scale: int) -> list[str]:
    """The models on the way from the first to the last network that the page shows at first; none
    where these are not of one kind.
    """
    shown = default_models(scale)
    ends = [m for m in offered_models(scale) if m.name in shown and m.origin == "trained"]
    ends = [model for model in ends if model.network]
    if len(ends) < 2 or ends[0].network != ends[-1].network:
        return []
    return mixture_steps(ends[0].name, ends[-1].name)


def chosen_models(scale: int, wanted: Iterable[str], *, is_test: bool = False) -> list[str]:
    """Those of the wanted models that serve a factor, in the order of the registry, with at most
    one between two others, which stands before the second; the default ones where none is left.
    Behind them stand those of other factors, but in a test, where nothing could be measured.
    """
    names = set(wanted)
    found = [model.name for model in offered_models(scale) if model.name in names]
    if step := next((name for name in between_steps(scale) if name in names), None):
        last = model_info(step).between[1]  # type: ignore[index]
        found.insert(found.index(last) if last in found else len(found), step)
    if not is_test:
        found += [model.name for model in other_models(scale) if model.name in names]
    return found or default_models(scale)


def frame_scale() -> int:
    """The factor by which a microscope's frames are enlarged: that of their networks."""
    return next(iter(FRAME_MODELS.values())).scale


def frame_models() -> list[Model]:
    """The models for frames; those for photographs learned from three channels of 8 bits."""
    scale = frame_scale()
    return [MODELS[CUBIC], *(model for model in FRAME_MODELS.values() if model.scale == scale)]


def chosen_frame_models(wanted: Iterable[str]) -> list[str]:
    """Those of the wanted models that are for frames, in their order; all where none is left."""
    names, offered = set(wanted), [model.name for model in frame_models()]
    return [name for name in offered if name in names] or offered


def look_at(photo: Photo) -> Condition:
    """What can be seen of a photo's past; what is see-through counts as white."""
    from sr.metrics.condition import condition

    tables = photo.about.jpeg_tables if photo.about is not None else None
    return condition(photo.on_white().rgb, tables=tables)


def fitting_models(condition: Condition, scale: int) -> list[str]:
    """The networks that fit what can be seen of a photo: those that are shown anyway, else the
    last one of the registry, where the stages of a training stand in order. It decides nothing.
    """
    wanted = "photo" if condition.kind in ("compressed", "noisy") else "clean"
    networks = [model for model in offered_models(scale) if purpose_of(model) == wanted]
    shown = [model for model in networks if model.is_default]
    return [model.name for model in shown or networks[-1:]]
