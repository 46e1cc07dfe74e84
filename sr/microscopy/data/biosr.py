"""BioSR where it is published: figshare says what the article holds, a structure an archive."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sr import __version__
from sr.base.errors import DataError
from sr.data.catalog import Archive, Source

API = "https://api.figshare.com/v2"  # its public part; see https://docs.figshare.com
MOST_FILES = 100  # of an article, on one page of the answer
MOST_BYTES = 4_000_000  # of that answer
ATTEMPTS = 4
TIMEOUT_SECONDS = 30


def part_of(source: Source, part: str | None) -> Source:
    """The source with the archive of one of its parts, as figshare names it now.

    Args:
        source: with an article.
        part: a structure, as `Microtubules`: the name of an archive without its suffix, in any
            case of letters.

    Raises:
        DataError: no part was named, or none of that name; the text lists what there is and how
            large. Or figshare does not answer, or with something else.
    """
    archives = {_stem(archive): archive for archive in _archives(source.article)}
    found = {name.casefold(): archive for name, archive in archives.items()}
    wanted = (part or "").casefold().removesuffix(".zip")
    if wanted in found:
        return replace(source, archives=(found[wanted],))
    known = ", ".join(f"{name} ({a.num_bytes / 1e9:.1f} GB)" for name, a in archives.items())
    came = f"no part {part!r}" if part else "its parts are fetched one at a time"
    raise DataError(f"{source.name}: {came}; give --part and one of {known}")


def _stem(archive: Archive) -> str:
    return PurePosixPath(archive.name).stem


def _archives(article: int) -> list[Archive]:
    """The archives of an article."""
    address = f"{API}/articles/{article}/files?page_size={MOST_FILES}"
    try:
        entries = json.loads(_answer(address))
        archives = [_archive(entry) for entry in entries if not entry.get("is_link_only")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{address}: not the list of files that was expected ({error})") from error
    archives = [archive for archive in archives if archive.name.lower().endswith(".zip")]
    if not archives:
        raise DataError(f"{address}: no archive in the article")
    return archives


def _archive(entry: dict[str, Any]) -> Archive:
    name, url = str(entry["name"]), str(entry["download_url"])
    if name != PurePosixPath(name).name or "\\" in name or name.startswith("."):
        raise ValueError(f"a file called {name!r}")
    if urlsplit(url).scheme != urlsplit(API).scheme:
        raise ValueError(f"an address that is not encrypted, {url}")
    md5 = str(entry.get("supplied_md5") or entry.get("computed_md5") or "")
    return Archive(url, f"md5:{md5}" if md5 else "", int(entry.get("size") or 0), name)


def _answer(address: str) -> bytes:
    """What figshare answers, asked again where it did not."""
    request = urllib.request.Request(address, headers={"User-Agent": f"nitidez/{__version__}"})
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                answer: bytes = response.read(MOST_BYTES)
                return answer
        except urllib.error.HTTPError as error:
            reason, is_final = f"{error.code} {error.reason}", error.code in (400, 403, 404, 410)
        except (OSError, http.client.HTTPException) as error:
            reason, is_final = str(getattr(error, "reason", error)) or type(error).__name__, False
        if is_final or attempt == ATTEMPTS:
            break
        time.sleep(0.5 * 4**attempt)
    raise DataError(
        f"{address}: {reason}; try again, or download an archive at "
        f"https://doi.org/10.6084/m9.figshare.{address.split('/articles/')[1].split('/')[0]} and "
        "unpack it"
    )
