"""What somebody wants a study of, checked before anything is written: the one way to a study, of
the command line and of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sr.images.finished import NAME
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from survey.preparation.frames import frames_in, models_of_frames, shown_frames
from survey.preparation.pictures import (
    Pictures,
    picture_problems,
    pictures_of_folders,
    sources_of_pictures,
)
from survey.preparation.problems import Problem, refuse
from survey.preparation.sources import Source, crop_of
from survey.preparation.tables import Labels
from survey.preparation.versions import prepare_study, scale_of
from survey.study.errors import StudyError
from survey.study.protocol import METHODS, MOST_METHODS, NETWORKS, Protocol, check_asked
from survey.study.study import Crop, Study, StudyImage, Version

LANGUAGE_TAGS = ("en", "pt-BR")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A study as it is asked for.

    Attributes:
        photos: folder of the originals, or of the small pictures where there are none; None for
            those that come with scikit-image, or for finished pictures alone.
        folders: of finished pictures, by method.
        table: of the same, in the place of `folders`.
        models: networks, beside interpolations and the originals.
        methods: in their place, exactly what is compared.
        asks: see `Protocol.of_methods`.
        compared: pairs of methods; () for all.
        scale: by how much all enlarge; None as the models do.
        frame: of stacks of a microscope, a number from 1 or "mean".
        settings: other fields of `Protocol`; None leaves one as it is.
        labels: what methods are called, by method and language tag.
        crops: what is shown of photographs, by name; width and height may be 0 for the window's.
    """

    photos: Path | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)
    table: Pictures | None = None
    models: Sequence[str] = ()
    methods: Sequence[str] = ()
    asks: Sequence[str] = ("ratings", "pairs")
    compared: Sequence[tuple[str, str]] = ()
    has_original: bool = True
    scale: int | None = None
    frame: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)
    crops: Mapping[str, Crop] = field(default_factory=dict)

    @property
    def own(self) -> list[str]:
        """Methods of which there are finished pictures."""
        rows = (self.table or {}).values()
        return [*self.folders, *dict.fromkeys(method for row in rows for method in row)]


@dataclass(frozen=True)
class Checked:
    """An order that can be made."""

    protocol: Protocol
    scale: int
    sources: list[Source]
    labels: Labels
    left_out: list[str]  # photographs that are not shown, each with the reason

    def sketch(self, name: str) -> Study:
        """The study as it will be, without its pictures: what a plan is made of."""
        images = tuple(
            StudyImage(
                f"image-{index + 1:03d}",
                source.name,
                source.role,
                {m: Version(f"{index}-{m}", m, "", "") for m in self.protocol.methods},
                crop_of(source, self.protocol, self.scale),
                source.stretch,
            )
            for index, source in enumerate(self.sources)
        )
        return Study(name, Path(), self.protocol, images, {}, "", self.labels)

    def make(
        self,
        folder: Path,
        *,
        progress: Callable[[float], None],
        look: Callable[[], None] = lambda: None,
        now: str,
    ) -> Study:
        """Make the study; see `prepare_study`."""
        return prepare_study(
            self.sources,
            folder,
            protocol=self.protocol,
            scale=self.scale,
            progress=progress,
            look=look,
            labels=self.labels,
            now=now,
        )


def check(order: Order) -> Checked:
    """Look at everything a study is to be made of; nothing is written. Frames of microscopes are
    enlarged here: between which counts they are shown follows from all versions.

    Raises:
        ProblemsError: names every picture, crop and label that does not fit.
        SurveyError: it cannot be made.
        SRError: a photograph that cannot be read, or no such model.
    """
    frames = frames_in(order.photos) if order.photos is not None else []
    if frames:
        methods, scale = models_of_frames(order.methods, order.models)
        order = replace(
            order, methods=methods, models=(), has_original=False, scale=order.scale or scale
        )
    elif order.frame is not None:
        raise StudyError("--frame: of stacks of a microscope, and the folder holds none")
    _check_names(order)
    protocol = _protocol(order)
    models = [method for method in protocol.methods if method not in order.own]
    scale = order.scale or scale_of(models if protocol.has_original else models[:-1] or models)
    protocol = _checked(protocol, order, scale)
    if frames:
        if order.table:
            raise StudyError("--table: of photographs; finished frames are named by --pictures")
        unreadable: list[str] = []
        sources, problems = shown_frames(
            frames, order.methods, order.folders, scale=scale, number=order.frame
        )
    else:
        sources, unreadable, problems = _sources(order)
    sources = [s._replace(crop=_sized(order.crops.get(s.name), protocol)) for s in sources]
    problems += picture_problems(sources, scale)
    fitting = [source for source in sources if source.fits(protocol, scale)]
    problems += _crop_problems(order, fitting, protocol, scale)
    known = (*protocol.methods, "original")
    problems += [Problem("label_method", method=m) for m in order.labels if m not in known]
    refuse(problems)
    if not any(source.role == "main" for source in fitting):
        window = {"width": protocol.width, "height": protocol.height}
        refuse([Problem("small", count=len(sources), **window)])
    small = [source.name for source in sources if not source.fits(protocol, scale)]
    left_out = ([f"too small: {', '.join(small)}"] if small else []) + unreadable
    return Checked(protocol, scale, fitting, _labels(order, protocol), left_out)


def _check_names(order: Order) -> None:
    for name in order.own:
        if name == "original" or name in MODELS or name in FRAME_MODELS:
            refuse([Problem("method_taken", method=name)])
        if not NAME.fullmatch(name):
            refuse([Problem("method_name", method=name)])
    if order.photos is None and order.own and order.has_original:
        raise StudyError(
            "finished pictures without photographs: give the folder of the originals, or "
            "--no-original where nobody has them"
        )
    if order.models and order.methods:
        raise StudyError("--models and --methods: needed one of them")


def _protocol(order: Order) -> Protocol:
    chosen = {key: value for key, value in order.settings.items() if value is not None}
    check_asked(order.asks, has_original=order.has_original)
    is_classic = not (order.own or order.methods or order.compared) and order.has_original
    if is_classic and set(order.asks) in ({"ratings", "pairs"}, {"degradation", "pairs"}):
        chosen["beside_original"] = "degradation" in order.asks
        return Protocol.of_models(order.models or NETWORKS, **chosen)
    methods = list(order.methods)
    if not methods and (order.models or not order.own):
        methods = ["nearest", "bicubic", *(order.models or NETWORKS)]
    chosen_methods = [m for m in dict.fromkeys((*methods, *order.own)) if m != "original"]
    rated = [*chosen_methods, *(["original"] if order.has_original else [])]
    if not chosen_methods or not 2 <= len(rated) <= MOST_METHODS:
        told = {"count": len(rated), "methods": ", ".join(rated), "most": MOST_METHODS}
        refuse([Problem("methods", **told)])
    if "pairs" in order.asks and len(chosen_methods) < 2 and not order.compared:
        refuse([Problem("no_pairs")])
    return Protocol.of_methods(
        [*methods, *order.own],
        asks=order.asks,
        compared=order.compared,
        has_original=order.has_original,
        **chosen,
    )


def _checked(protocol: Protocol, order: Order, scale: int) -> Protocol:
    """The protocol with crops of whole multiples of the scale, and counts that can be."""
    given = [order.settings.get(side) or 0 for side in ("width", "height")]
    width, height = (side - side % scale for side in (protocol.width, protocol.height))
    if any(side % scale for side in given):
        raise StudyError(f"crops of {given[0]}x{given[1]}; needed multiples of {scale}")
    protocol = replace(protocol, width=width, height=height)
    if min(width, height) < 32:
        refuse([Problem("window", width=width, height=height)])
    if protocol.images_per_rater < 1:
        raise StudyError(f"--images-per-rater {protocol.images_per_rater}; needed 1 or more")
    if protocol.repeats < 0 or protocol.golden_every < 2:
        raise StudyError("--repeats needed 0 or more, --known-every 2 or more")
    if protocol.angle_images < 0:
        raise StudyError(f"--same-angle {protocol.angle_images}; needed 0 or more photographs")
    if protocol.angle_images and not protocol.compared:
        raise StudyError("--same-angle compares pairs; needed --ask pairs")
    if not 10 <= protocol.angle_ppd <= 120:
        raise StudyError(f"--same-angle-ppd {protocol.angle_ppd:g}; needed 10 to 120")
    return protocol


def _sources(order: Order) -> tuple[list[Source], list[str], list[Problem]]:
    """The photographs with their finished pictures, what cannot be read, what is missing."""
    from survey.preparation.default_study import default_sources, sources_of

    if order.photos is None:
        if not order.own:
            return default_sources(), [], []
        found, missing = sources_of_pictures(order.table, order.folders)
        return found, [], missing
    sources, unreadable = sources_of(order.photos)
    stems = [source.name for source in sources]
    problems: list[Problem] = []
    if order.table is None:
        pictures, problems = pictures_of_folders(stems, order.folders)
    else:
        pictures = order.table
        if missing_stems := [stem for stem in stems if stem not in pictures]:
            raise StudyError(f"--table: no pictures of {', '.join(missing_stems)}")
    kind = "original" if order.has_original else "small"
    sources = [source._replace(pictures=pictures[source.name], kind=kind) for source in sources]
    return sources, unreadable, problems


def _sized(crop: Crop | None, protocol: Protocol) -> Crop | None:
    if crop is None:
        return None
    width, height = crop.width or protocol.width, crop.height or protocol.height
    return crop._replace(width=width, height=height)


def _crop_problems(
    order: Order, sources: Sequence[Source], protocol: Protocol, scale: int
) -> list[Problem]:
    """Crops of the owner's that cannot be."""
    names = {source.name for source in sources}
    problems = [Problem("crop_photo", photo=name) for name in order.crops if name not in names]
    window = {"width": protocol.width, "height": protocol.height}
    for source in sources:
        if (crop := source.crop) is None:
            continue
        height, width = source.size(scale) if not source.is_reduced else source.rgb.shape[:2]
        box = f"{crop.width}x{crop.height} from {crop.left}, {crop.top}"
        told = {"photo": source.name, "box": box}
        if crop.left + crop.width > width or crop.top + crop.height > height:
            problems.append(Problem("crop_outside", **told, width=width, height=height))
        elif not source.is_reduced and crop[2:4] != (protocol.width, protocol.height):
            problems.append(Problem("crop_size", **told, **window))
        elif (
            crop.width < protocol.width
            or abs(crop.width * protocol.height / protocol.width - crop.height) > 1
        ):
            problems.append(Problem("crop_shape", **told, **window))
    return problems


def _labels(order: Order, protocol: Protocol) -> Labels:
    """What methods are called: as the owner says; else models by their titles, folders by name."""
    from sr.models.registry import model_info

    labels: Labels = {}
    for method in protocol.methods:
        given = order.labels.get(method, {})
        if not given and method in METHODS:
            continue  # whose words the app has in both languages
        usual = method if method in order.own or method in METHODS else model_info(method).title
        usual = next(iter(given.values()), usual)
        labels[method] = {tag: given.get(tag, usual) for tag in LANGUAGE_TAGS}
    return labels
