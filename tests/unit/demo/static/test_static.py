"""The site without a server: what is in it, and that its arithmetic is Python's."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demo.static import build
from demo.static.licences import with_licences
from sr.base.errors import ConfigError, OutputError
from sr.images.resize import matlab_bicubic
from sr.inference.guard import mend
from sr.inference.tiles import plan_tiles
from sr.inference.transparency import premultiplied_bicubic, seen_colours
from sr.metrics.fidelity import measure
from tests.unit.javascript.test_javascript import NODE, node_is_missing

SITE = Path(build.__file__).parent / "site"
WORK = SITE.with_name("work")
SCALES = ("4", "0.25", "2", "0.5", "3", "0.3")
EDGES = ("top", "left", "bottom", "right", "input_top", "input_left", "input_bottom", "input_right")
CODE = """
import fs from "node:fs";
const [folder, modules] = process.argv.slice(2);
const take = (name) => import(`${modules}/${name}.js`);
const { matlabBicubic } = await take("resize");
const { mend } = await take("mend");
const { measure } = await take("fidelity");
const { planTiles } = await take("tiles");
const { pngOf, zipOf } = await take("packing");
const { seenColours, withAlpha } = await take("transparency");
const given = JSON.parse(fs.readFileSync(`${folder}/given.json`));
const [low, large, wrong] = [given.low, given.large, given.wrong].map((picture) => (
  { ...picture, data: Uint8Array.from(picture.data) }));
const found = { resized: {}, measured: measure(large, wrong, 4) };
found.equal = measure(large, large, 4).psnr;
for (const scale of given.scales) {
  found.resized[scale] = [...matlabBicubic(low, Number(scale)).data];
}
found.mended = mend(low, wrong, 4, 3);
found.pixels = [...wrong.data];
found.tiles = planTiles(700, 1301, 256, 40);
fs.writeFileSync(`${folder}/found.json`, JSON.stringify(found));
const through = { ...low, alpha: Uint8Array.from(given.alpha) };
const seen = seenColours(through);
const whole = withAlpha(matlabBicubic(seen, 4), through, 4, true);
fs.writeFileSync(`${folder}/seen.png`, Buffer.from(await (await pngOf(seen)).arrayBuffer()));
fs.writeFileSync(`${folder}/through.png`, Buffer.from(await (await pngOf(whole)).arrayBuffer()));
const png = await pngOf(large, { Software: "Nitidez" });
fs.writeFileSync(`${folder}/large.png`, Buffer.from(await png.arrayBuffer()));
const zip = await zipOf({ "céu.png": png, "b.png": png });
fs.writeFileSync(`${folder}/all.zip`, Buffer.from(await zip.arrayBuffer()));
"""


@pytest.fixture(scope="module")
def small() -> dict[str, bytes]:
    site = {"models": [], "scale": 4, "runtime_bytes": 1, "survey_address": ""}
    return build.small_files(site, b"", ["models/a.onnx"])


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_the_arithmetic_of_the_site_is_pythons_bit_for_bit(tmp_path: Path) -> None:
    low = np.random.default_rng(1).integers(0, 256, (61, 47, 3), np.uint8)
    large = matlab_bicubic(low, 4)
    wrong = large.copy()
    wrong[60:120, 40:100] = np.clip(wrong[60:120, 40:100].astype(int) + 90, 0, 255)

    def given(pixels: np.ndarray) -> dict[str, Any]:
        height, width = pixels.shape[:2]
        return {"width": width, "height": height, "data": pixels.ravel().tolist()}

    pictures = {"low": given(low), "large": given(large), "wrong": given(wrong)}
    alpha = np.random.default_rng(2).integers(0, 256, low.shape[:2], np.uint8)
    alpha[10:50, 5:40] = 0
    alpha[20:30, 20:25] = 255
    more = {"scales": SCALES, "alpha": alpha.ravel().tolist()}
    (tmp_path / "given.json").write_text(json.dumps({**pictures, **more}))
    (tmp_path / "run.mjs").write_text(CODE)
    run = [str(NODE), str(tmp_path / "run.mjs"), str(tmp_path), str(WORK)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    for scale in SCALES:
        assert found["resized"][scale] == matlab_bicubic(low, float(scale)).ravel().tolist()
    known = measure(wrong, large, crop_px=4, lpips=None)
    assert found["measured"]["psnr"] == pytest.approx(known.psnr_y, abs=1e-10)
    assert found["measured"]["ssim"] == pytest.approx(known.ssim_y, abs=1e-12)
    assert found["equal"] is None  # Infinity, which JSON does not know
    assert found["mended"] == pytest.approx(mend(low, wrong, 4))
    assert found["pixels"] == wrong.ravel().tolist()
    tiles = [
        tuple(getattr(tile, edge) for edge in EDGES) for tile in plan_tiles(700, 1301, 256, 40)
    ]
    names = [re.sub("_(.)", lambda m: m[1].upper(), edge) for edge in EDGES]
    assert [tuple(tile[name] for name in names) for tile in found["tiles"]] == tiles
    seen = seen_colours(low, alpha)
    # Python's sums are in single precision, so what lies on a half can come out otherwise
    assert np.abs(np.array(Image.open(tmp_path / "seen.png")).astype(int) - seen).max() <= 1
    colours = matlab_bicubic(seen, 4)
    premultiplied_bicubic(colours, low, alpha, 4)
    through = np.array(Image.open(tmp_path / "through.png")).astype(int)
    assert (through[..., 3] == matlab_bicubic(alpha, 4)).all()
    assert np.abs(through[..., :3] - colours)[through[..., 3] > 0].max() <= 1
    png = Image.open(tmp_path / "large.png")
    assert (np.array(png) == large).all()
    assert png.info["Software"] == "Nitidez"
    with zipfile.ZipFile(io.BytesIO((tmp_path / "all.zip").read_bytes())) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["céu.png", "b.png"]


def test_the_site_has_the_apps_own_files_and_every_module_it_imports(
    small: dict[str, bytes],
) -> None:
    scripts = [name for name in small if name.endswith(".js") and name != "sw.js"]
    for name in (*scripts, *build.STYLES):
        assert small[name] == (build.DEMO / name).read_bytes()
    for name in scripts:
        for target in re.findall(r'(?:from |import\()"(\.[^"]+)"', small[name].decode()):
            assert normpath((PurePosixPath(name).parent / target).as_posix()) in small, name
    page = small["index.html"].decode()
    wanted = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert wanted
    assert set(wanted) <= set(small)
    assert sum(map(len, small.values())) < 1e6


def test_the_policy_holds_for_the_page_and_nothing_is_fetched_from_elsewhere(
    small: dict[str, bytes],
) -> None:
    page, worker = small["index.html"].decode(), small["sw.js"].decode()
    assert build.policy() in page
    assert build.policy() in worker
    assert "'unsafe-eval'" not in page
    assert "unsafe-inline" not in page
    assert not re.search(r"\sstyle=|\son\w+=", page)
    for name in small:
        if name.startswith("static/"):
            said = small[name].decode().replace("https.", "")
            assert "http" not in said.replace('xmlns="http://www.w3.org/2000/svg"', ""), name


def test_what_others_made_comes_with_its_licence() -> None:
    about = with_licences("beside the files", "lpips", "torchvision", "no such package").decode()
    assert about.startswith("beside the files\n\n")
    assert "Richard Zhang" in about
    assert about.count("Redistributions in binary form must reproduce") == 2


def test_the_service_worker_keeps_every_small_file(small: dict[str, bytes]) -> None:
    worker = small["sw.js"].decode()
    kept = json.loads(re.search(r"const SMALL = (\[.*\]);", worker)[1])  # type: ignore[index]
    assert set(kept) == {"./", *small} - {"sw.js"}
    assert 'const LARGE_FILES = ["models/a.onnx"];' in worker
    assert not re.search(r"\{(version|files|large|policy)\}", worker)


def test_the_words_of_both_languages_are_the_same_keys() -> None:
    for part, words in build.texts().items():
        assert set(words["en"]) == set(words["pt-BR"]), part
    said = "".join(path.read_text(encoding="utf-8") for path in SITE.glob("*.js"))
    own = json.loads((SITE.parent / "text.json").read_text(encoding="utf-8"))["en"]
    page = (SITE.parent / "page.html").read_text(encoding="utf-8")
    built = re.compile(r"^failed_")  # said by a key that is put together
    unused = [key for key in own if f'"{key}"' not in said + page and not built.match(key)]
    assert unused == []


def test_a_site_takes_the_place_of_a_site_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: dict[str, bytes]
) -> None:
    model = {"weights": {"bytes": 2}}
    site = json.dumps({"models": [model], "runtime_bytes": 3}).encode()
    files = small | {"site.json": site}
    monkeypatch.setattr(build, "site_files", lambda address: (files, {"models/a.onnx": b"a"}))
    sizes = build.write_site(tmp_path / "site")
    assert sizes["all"] == sizes["page"] + 1
    assert (sizes["network"], sizes["runtime"]) == (2, 3)
    (tmp_path / "site" / "old").write_bytes(b"")
    build.write_site(tmp_path / "site")
    assert not (tmp_path / "site" / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"a")
    with pytest.raises(OutputError, match="holds something else"):
        build.write_site(tmp_path / "photos")
    assert (tmp_path / "photos" / "a.png").read_bytes() == b"a"
    with pytest.raises(ConfigError, match="https://"):
        build.write_site(tmp_path / "other", survey_address="javascript:alert(1)")
