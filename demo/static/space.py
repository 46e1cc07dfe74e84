"""The site as a Static Space: its files, and the README that tells Hugging Face what they are."""

from __future__ import annotations

from pathlib import Path

from demo.hosting.publish import Upload

# Hugging Face sends these headers, so that threads work from the first visit on.
README = """---
title: "Nitidez: compare super-resolution in your browser"
emoji: 🔎
colorFrom: indigo
colorTo: gray
sdk: static
app_file: index.html
license: mit
short_description: Bicubic, SRResNet and SRGAN without a server
custom_headers:
  cross-origin-embedder-policy: require-corp
  cross-origin-opener-policy: same-origin
  cross-origin-resource-policy: cross-origin
---

Bicubic, SRResNet and SRGAN side by side. The networks run in your browser; your photo stays there.

The files of ONNX Runtime (MIT licence) are unchanged, and those of LPIPS (BSD licences) are in half
precision: see `ABOUT.txt` beside them.
"""


def uploads_of_the_site(folder: Path) -> list[Upload]:
    """What a Static Space gets: the site's files, sorted, and a README, which is written here.

    Args:
        folder: of the site, whose README is written anew.
    """
    (folder / "README.md").write_text(README, encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [Upload(path, path.relative_to(folder).as_posix()) for path in paths]
