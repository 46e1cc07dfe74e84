"""LPIPS of the site without a server is Python's within 0.002."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from demo.static import build
from demo.static.inference.files import module
from demo.static.lpips import lpips_file
from sr.images.resize import matlab_bicubic
from sr.metrics.fidelity import measure
from tests.unit.javascript.test_javascript import NODE, node_is_missing

CODE = """
import fs from "node:fs";
const [folder, modules] = process.argv.slice(2);
const { Crew } = await import(`${modules}/inference/crew.js`);
const { Lpips } = await import(`${modules}/work/lpips.js`);
const lpips = new Lpips(new Uint8Array(fs.readFileSync(`${folder}/lpips`)));
const module = new WebAssembly.Module(fs.readFileSync(`${folder}/module`));
const [original, ...others] = JSON.parse(fs.readFileSync(`${folder}/given.json`)).map(
  ({ width, height, data }) => ({ width, height, data: Uint8Array.from(data) }));
const shares = [];
lpips.load(await Crew.of(module, 1, lpips.bytesFor(original)));
const found = lpips.measure(original, others, (share) => shares.push(share));
const small = { width: 31, height: 40, data: new Uint8Array(3 * 31 * 40) };
const none = lpips.measure(small, [small], () => null);
fs.writeFileSync(`${folder}/found.json`, JSON.stringify({ found, none, shares }));
"""


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_lpips_is_pythons(tmp_path: Path) -> None:
    file = lpips_file()
    pytest.importorskip("ziglang", reason="C is compiled with requirements-export.txt")
    if file is None:
        pytest.skip("needs AlexNet's features in NITIDEZ_BACKBONES")
    low = np.random.default_rng(3).integers(0, 256, (10, 13, 3), np.uint8)
    original = matlab_bicubic(low, 4)
    darker = original // 2
    noisy = original ^ np.random.default_rng(4).integers(0, 16, original.shape, np.uint8)
    given = [
        {"width": 52, "height": 40, "data": each.ravel().tolist()}
        for each in (original, original, darker, noisy)
    ]
    (tmp_path / "given.json").write_text(json.dumps(given))
    (tmp_path / "lpips").write_bytes(file[1])
    (tmp_path / "run.mjs").write_text(CODE)
    (tmp_path / "module").write_bytes(module())
    modules = Path(build.__file__).parent
    run = [str(NODE), str(tmp_path / "run.mjs"), str(tmp_path), str(modules)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "found.json").read_text())
    for found, other in zip(said["found"], (original, darker, noisy), strict=True):
        known = measure(other, original, crop_px=0).lpips_alex
        assert found == pytest.approx(known, abs=0.002)
    assert said["found"][0] == 0
    assert said["found"][1] > 0.05
    assert said["none"] == [None]
    assert said["shares"] == sorted(said["shares"])
    assert said["shares"][-1] == pytest.approx(1)
