"""What can be set about the app, read from the environment once."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.hosting.addresses import PRIVATE_NETWORKS, place_of
from demo.results.owner import SHORTEST_PASSWORD
from sr.base.errors import ConfigError
from sr.inference.engines import CHOICES
from survey.study.settings import DEFAULT_STUDY, data_folder, served_study

LONGEST_KEEP_MINUTES = 59  # nothing uploaded stays longer than an hour, sweeps included


def _list(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _names(text: str) -> frozenset[str]:
    return frozenset(_list(text))


def _places(text: str) -> frozenset[str]:
    return frozenset(place_of(address) for address in _list(text))


def default_folder() -> Path:
    """A folder of this user under the system's temporary folder."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"nitidez-{user}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one server; every value is checked when it is made.

    Raises:
        ConfigError: a value that makes no sense, with its name and what is allowed.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    max_megapixels: float = 4.0  # of an uploaded photo; the result has 16 times as many
    max_upload_mb: int = 64
    threads: int | None = None  # of the networks; None is one per core
    engine: str = "auto"  # of the networks: auto, torch or openvino
    keep_minutes: int = 55  # age at which uploads and results are deleted
    cache_mb: int = 2048  # disk space that results may take
    max_waiting: int = 16  # photos in work or waiting, over all visitors
    photos_per_minute: int = 20  # of one page; of one address ten times as many
    folder: Path = field(default_factory=default_folder)
    data_folder: Path = field(default_factory=lambda: data_folder({}))  # the survey's answers
    study: str = DEFAULT_STUDY  # of the survey, which raters get
    is_study_fixed: bool = False  # whether in any case; else until the owner opens another
    backup: str = ""  # of the survey: folder:PATH, dataset:OWNER/NAME, bucket:OWNER/NAME or none
    backup_seconds: int = 120  # between two copies
    owner_password: str = field(default="", repr=False)  # of who may see and export results
    owners: frozenset[str] = frozenset()  # Hugging Face names of who may, too
    source_url: str = ""  # where the page links to as its source; "" shows no link
    is_space: bool = False  # on Hugging Face, whose proxy lets requests for the Space through only
    places: frozenset[str] = frozenset()  # hosts that the app is served under, besides its own
    trusted_proxies: tuple[str, ...] = ()  # addresses, networks: believed whose request it is

    def __post_init__(self) -> None:
        self._check("PORT", self.port, 0, 65535)
        self._check("NITIDEZ_MAX_MEGAPIXELS", self.max_megapixels, 0.001, 64)
        self._check("NITIDEZ_MAX_UPLOAD_MB", self.max_upload_mb, 1, 1024)
        self._check("NITIDEZ_KEEP_MINUTES", self.keep_minutes, 1, LONGEST_KEEP_MINUTES)
        self._check("NITIDEZ_CACHE_MB", self.cache_mb, 16, 1_000_000)
        self._check("NITIDEZ_MAX_WAITING", self.max_waiting, 1, 1000)
        self._check("NITIDEZ_PHOTOS_PER_MINUTE", self.photos_per_minute, 1, 1000)
        self._check("NITIDEZ_BACKUP_SECONDS", self.backup_seconds, 60, 300)
        if self.threads is not None:
            self._check("NITIDEZ_THREADS", self.threads, 1, 1024)
        if self.engine not in CHOICES:
            raise ConfigError(
                f"NITIDEZ_ENGINE is {self.engine!r}; it must be one of {', '.join(CHOICES)}"
            )
        if self.owner_password and len(self.owner_password) < SHORTEST_PASSWORD:
            raise ConfigError(
                f"NITIDEZ_OWNER_PASSWORD has {len(self.owner_password)} characters; it must have "
                f"{SHORTEST_PASSWORD} or more"
            )
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                raise ConfigError(
                    f"NITIDEZ_TRUSTED_PROXIES names {proxy!r}; it must be addresses such as "
                    "127.0.0.1 or networks such as 10.0.0.0/8, with commas between them"
                ) from None
        if not self.host:
            raise ConfigError("HOST is empty; give an address such as 127.0.0.1 or 0.0.0.0")

    @staticmethod
    def _check(name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value:g}; it must be from {low:g} to {high:g}")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from environment variables; names that are unset or empty keep the default.

        On Hugging Face Spaces (SPACE_ID is set) the app listens on every address, the Space is
        the source, and data lie beside the application's folder, not in it.
        """
        env = os.environ if environment is None else environment
        values: dict[str, Any] = {"data_folder": data_folder(env), "study": served_study(env)}
        values["is_study_fixed"] = bool(env.get("NITIDEZ_STUDY", "").strip())
        if space := env.get("SPACE_ID"):
            values |= {
                "host": "0.0.0.0",
                "source_url": f"https://huggingface.co/spaces/{space}",
                "is_space": True,
                "places": _places(env.get("SPACE_HOST", "")),
                "trusted_proxies": PRIVATE_NETWORKS,
            }
        readers: dict[str, tuple[str, Callable[[str], Any], str]] = {
            "HOST": ("host", str, "an address"),
            "PORT": ("port", int, "a whole number"),
            "NITIDEZ_MAX_MEGAPIXELS": ("max_megapixels", float, "a number"),
            "NITIDEZ_MAX_UPLOAD_MB": ("max_upload_mb", int, "a whole number"),
            "NITIDEZ_THREADS": ("threads", int, "a whole number"),
            "NITIDEZ_ENGINE": ("engine", str, "an engine"),
            "NITIDEZ_KEEP_MINUTES": ("keep_minutes", int, "a whole number"),
            "NITIDEZ_CACHE_MB": ("cache_mb", int, "a whole number"),
            "NITIDEZ_MAX_WAITING": ("max_waiting", int, "a whole number"),
            "NITIDEZ_PHOTOS_PER_MINUTE": ("photos_per_minute", int, "a whole number"),
            "NITIDEZ_FOLDER": ("folder", Path, "a folder"),
            "NITIDEZ_BACKUP": ("backup", str, "folder:PATH, dataset:OWNER/NAME or bucket:..."),
            "NITIDEZ_BACKUP_SECONDS": ("backup_seconds", int, "a whole number"),
            "NITIDEZ_OWNER_PASSWORD": ("owner_password", str, "a password"),
            "NITIDEZ_OWNERS": ("owners", _names, "Hugging Face names with commas between them"),
            "NITIDEZ_SOURCE_URL": ("source_url", str, "an address"),
            "NITIDEZ_ADDRESSES": ("places", _places, "addresses such as https://example.org"),
            "NITIDEZ_TRUSTED_PROXIES": ("trusted_proxies", _list, "addresses or networks"),
        }
        for name, (field_name, read, kind) in readers.items():
            text = env.get(name, "").strip()
            if not text:
                continue
            try:
                values[field_name] = read(text)
            except ValueError:
                raise ConfigError(f"{name} is {text!r}; it must be {kind}") from None
        if "://" in (root := env.get("GRADIO_ROOT_PATH", "")):  # it may be a whole address
            values["places"] = values.get("places", frozenset()) | _places(root)
        return cls(**values)

    @property
    def uploads_folder(self) -> Path:
        """Where uploads arrive."""
        return self.folder / "uploads"

    @property
    def studies_folder(self) -> Path:
        """Where uploads wait until a study is made of them."""
        return self.folder / "studies"

    @property
    def versions_folder(self) -> Path:
        """Where results lie, under opaque names."""
        return self.folder / "versions"

    @property
    def address(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
