"""ONNX Runtime for browsers with WebGPU, from npm's registry: fetched once, checked, copied."""

from __future__ import annotations

import tarfile
from pathlib import Path

from demo.static.licences import with_licences
from sr.data.catalog import Archive

VERSION = "1.30.0"
ARCHIVE = Archive(
    f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz",
    "sha256:d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    33_106_585,
)
FILES = (
    *("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs"),
    "ort-wasm-simd-threaded.asyncify.wasm",
)
ABOUT = f"""onnxruntime-web {VERSION}, as it is in npm's registry
Copyright (c) Microsoft Corporation. MIT licence: https://github.com/microsoft/onnxruntime
"""


def runtime_files() -> dict[str, bytes]:
    """The runtime's files by name; the archive stays in the user's cache folder.

    Raises:
        DataError: the registry does not give the archive, or gives another.
    """
    from sr.batches.pixels import default_cache
    from sr.data.fetch import download

    archive = download(ARCHIVE, default_cache().with_name("npm")).path
    with tarfile.open(archive) as packed:
        found = {name: _content(packed, f"package/dist/{name}") for name in FILES}
    return found | {"ABOUT.txt": with_licences(ABOUT, "onnxruntime")}


def _content(packed: tarfile.TarFile, name: str) -> bytes:
    file = packed.extractfile(name)
    if file is None:
        raise FileNotFoundError(f"{Path(ARCHIVE.name)}: no file {name}")
    return file.read()
