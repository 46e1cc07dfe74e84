"""The README's table of quality, from weights/manifest.json and the paper's numbers.

python -m tests.quality        # after `sr release ... --metrics`: writes the table again
"""

from __future__ import annotations

import json
import re
import sys

from sr.evaluation.paper import published
from tests.house import ROOT

README = ROOT / "README.md"
SETS = {"Set5": 5, "Set14": 14, "BSD100": 100}
SCALE = 4
METRICS = ("psnr_y", "ssim_y", "lpips_alex")
# MATLAB's bicubic on the sets, which no training changes: PSNR-Y, SSIM-Y, LPIPS.
BICUBIC = {
    "Set5": (28.43, 0.8111, 0.3398),
    "Set14": (26.09, 0.7048, 0.4385),
    "BSD100": (25.96, 0.6681, 0.5241),
}
BLOCK = re.compile(
    r"(<!-- evaluation:begin .*?--models ([\w ]+?) --csv.*? -->\n).*?(<!-- evaluation:end -->)",
    re.DOTALL,
)


def table(models: list[str]) -> str:
    """Set by set, these models: bicubic, and networks that the manifest has results of."""
    manifest = json.loads((ROOT / "weights" / "manifest.json").read_text(encoding="utf-8"))
    lines = [
        "| data set | model | paper PSNR-Y | PSNR-Y | SSIM-Y | LPIPS |",
        "|---|---|---|---|---|---|",
    ]
    for name, images in SETS.items():
        rows = {
            model: BICUBIC[name]
            if model == "bicubic"
            else [manifest["models"][model]["metrics"][name][metric] for metric in METRICS]
            for model in models
        }
        for model, (psnr_y, ssim_y, lpips) in rows.items():
            paper = published(model, SCALE, name, images)
            said = f"{paper.psnr_y:.2f}" if paper and paper.psnr_y else ""
            lines.append(
                f"| {name} | {model} | {said} | {psnr_y:.2f} | {ssim_y:.4f} | {lpips:.4f} |"
            )
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The README with a fresh table between its markers."""
    fresh, count = BLOCK.subn(
        lambda found: f"{found[1]}\n{table(found[2].split())}\n\n{found[3]}", text
    )
    assert count == 1, "the README has lost its evaluation markers"
    return fresh


def main() -> int:
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
