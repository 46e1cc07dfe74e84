"""Training: crops, presets, every loss reaches the generator, resume, divergence, the command."""

from __future__ import annotations

import argparse
import dataclasses
import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sr.base.errors import ConfigError, DataError
from sr.batches.crops import CropSampler
from sr.batches.pixels import load_pixels
from sr.commands import train
from sr.data.pairs import training_pairs
from sr.data.recognise import recognise
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.images.writing import save_png
from sr.kernels.tiles import kernels
from sr.objectives.adversarial import discriminator_loss, generator_adversarial_loss
from sr.objectives.optimizers import Muon, learning_rate_factor, orthogonalise
from sr.runs.speed import ProgressBar, Speedometer
from sr.training.accelerate import accelerate, count_flops
from sr.training.initial import build_generator
from sr.training.recipes import PRESETS, SMOKE, SRGAN_SMOKE, SRRESNET_SMOKE, Training
from sr.training.run import Run
from sr.training.settings import override, with_iterations
from sr.training.stage import Trainer, TrainingDiverged
from sr.training.validation import Validation

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(3):
        rgb = random.integers(0, 256, (40 + 4 * index, 48, 3), np.uint8)
        save_png(folder / f"{index}.png", Photo(rgb))
    return folder


def sampler(folder: Path, *, lr_patch_px: int = 8, by_epoch: bool = False) -> CropSampler:
    pairs, _ = training_pairs(recognise(folder), scale=4)
    pixels = load_pixels(pairs, scale=4)
    return CropSampler(pixels, lr_patch_px=lr_patch_px, device=CPU, seed=0, by_epoch=by_epoch)


def trainer(folder: Path, config: Training) -> Trainer:
    return Trainer(config, sampler(folder, by_epoch=config.epochs > 0), device=CPU)


def test_crops_are_aligned_pieces_of_the_photographs(photos: Path) -> None:
    data = sampler(photos)
    lr, hr = data.batch(64)
    assert lr.shape == (64, 3, 8, 8)
    assert hr.shape == (64, 3, 32, 32)
    shrunk = [
        matlab_bicubic((h.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), 1 / 4)
        for h in hr
    ]
    inner = [
        (s[1:-1, 1:-1] / 255 - x.permute(1, 2, 0).numpy()[1:-1, 1:-1])
        for s, x in zip(shrunk, lr, strict=True)
    ]
    # the border of a crop has no neighbours to look at; a wrong alignment would miss by far more
    assert np.abs(np.array(inner)).mean() < 0.02


def test_crops_are_turned_and_mirrored(photos: Path) -> None:
    data = sampler(photos, lr_patch_px=10)
    crops = {hr.numpy().tobytes() for hr in data.batch(200)[1]}
    assert len(crops) > 3 * 18  # 18 places; eight ways each


def test_unreadable_and_small_files_are_skipped_and_listed(photos: Path) -> None:
    (photos / "broken.png").write_bytes(b"\x89PNG broken")
    save_png(photos / "tiny.png", Photo(np.zeros((5, 5, 3), np.uint8)))
    data = sampler(photos)
    assert data.num_images == 3
    assert sorted(file.path.name for file in data.skipped) == ["broken.png", "tiny.png"]
    for name in ("0.png", "1.png", "2.png"):
        (photos / name).unlink()
    with pytest.raises(DataError, match="none of"):
        sampler(photos)


def test_an_epoch_takes_one_crop_of_every_image(photos: Path) -> None:
    data = sampler(photos, by_epoch=True)
    drawn = torch.cat([data._next_in_order(2) for _ in range(6)]).reshape(4, 3)
    assert all(sorted(epoch) == [0, 1, 2] for epoch in drawn.tolist())
    config = with_iterations(dataclasses.replace(SRRESNET_SMOKE, epochs=5), 3)
    assert config.iterations == 8  # 15 crops in batches of 2


def test_other_images_than_the_saved_runs_are_said(
    photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = sampler(photos, by_epoch=True)
    data.batch(2)
    (photos / "2.png").unlink()
    fewer = sampler(photos, by_epoch=True)
    fewer.load_state_dict(data.state_dict())
    assert "had 3 images, now there are 2" in caplog.text
    assert set(fewer._next_in_order(8).tolist()) == {0, 1}


def test_processes_share_the_batch_of_one(photos: Path) -> None:
    pairs, _ = training_pairs(recognise(photos), scale=4)
    pixels = load_pixels(pairs, scale=4)
    parts = [
        CropSampler(pixels, lr_patch_px=8, device=CPU, seed=0, share=(part, 2)).batch(6)
        for part in range(2)
    ]
    whole = sampler(photos).batch(6)
    for kind in range(2):
        assert torch.equal(torch.cat([part[kind] for part in parts]), whole[kind])


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_consistent(name: str) -> None:
    assert override(PRESETS[name], []) == PRESETS[name]


def test_overrides_have_the_fields_type_and_unknown_names_are_refused() -> None:
    config = override(SRRESNET_SMOKE, ["batch_size=3", "batch_norm=true", "pixel_loss=mse"])
    assert (config.batch_size, config.network_args["batch_norm"], config.pixel_loss) == (
        3,
        True,
        "mse",
    )
    for bad in ("batch=3", "batch_size", "batch_size=x", "batch_norm=1", "pixel_loss=l7",
                "hr_patch_px=33", "learning_rate=0", "content_weight=1", "name=a/b",
                "scale=5"):  # fmt: skip
        with pytest.raises(ConfigError):
            override(SRRESNET_SMOKE, [bad])
    with pytest.raises(ConfigError, match="would never move"):
        override(SRGAN_SMOKE, ["discriminator_warmup=4", "iterations=4"])


def test_both_stages_lower_or_move_their_losses(photos: Path) -> None:
    run = trainer(photos, dataclasses.replace(SRRESNET_SMOKE, warmup_iterations=0))
    first = [run.step(0.0)["g/pixel"] for _ in range(4)]
    last = [run.step(0.5)["g/pixel"] for _ in range(30)][-4:]
    assert sum(last) < sum(first)
    gan = trainer(photos, SRGAN_SMOKE)
    warmup = gan.step(0.0)
    assert set(warmup) == {"d/real", "d/fake"}
    assert set(gan.step(0.0)) == {"g/pixel", "g/adversarial", "d/real", "d/fake"}


def gradients(network: torch.nn.Module | None) -> list[torch.Tensor]:
    """Of all that learns, each of which has one."""
    assert network is not None
    found = [(p.grad, p) for p in network.parameters() if p.requires_grad]
    assert all(grad is not None for grad, _ in found)
    return [grad for grad, _ in found if grad is not None]


GAN = dataclasses.replace(SRGAN_SMOKE, discriminator_warmup=0, clip_norm=0.0)


@pytest.mark.parametrize("weight", ["pixel_weight", "adversarial_weight"])
def test_every_loss_reaches_the_generator_and_not_the_discriminator(
    photos: Path, weight: str
) -> None:
    light, heavy = (
        trainer(photos, dataclasses.replace(GAN, **{weight: value}))  # type: ignore[arg-type]
        for value in (1.0, 1000.0)
    )
    for gan in (light, heavy):
        gan.gradients(*gan.batch())
    for a, b in zip(gradients(light.generator), gradients(heavy.generator), strict=True):
        assert float((a - b).abs().sum()) > 0
    for a, b in zip(gradients(light.discriminator), gradients(heavy.discriminator), strict=True):
        assert torch.equal(a, b)


def test_discriminator_losses_do_not_reach_the_generator(photos: Path) -> None:
    alone, opposed, warming = (
        trainer(photos, dataclasses.replace(GAN, adversarial_weight=weight, **changes))  # type: ignore[arg-type]
        for weight, changes in ((0.0, {}), (1e-30, {}), (1.0, {"discriminator_warmup": 1}))
    )
    for gan in (alone, opposed, warming):
        gan.gradients(*gan.batch())
    for a, b in zip(gradients(alone.generator), gradients(opposed.generator), strict=True):
        assert torch.equal(a, b)
    assert gradients(warming.discriminator)
    assert all(p.grad is None for p in warming.generator.parameters())


def test_features_that_are_seen_once_teach_the_same(
    shared: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(shared / "backbones"))
    config = dataclasses.replace(
        GAN, content="lpips_vgg16", content_weight=1.0, discriminator="vgg16"
    )
    gan = Trainer(config, sampler(photos), device=CPU, precision="float32")
    lr, hr = gan.batch()
    found = gan.gradients(lr, hr)
    assert gan.content is not None
    assert gan.discriminator is not None
    prediction = gan.generator(lr)  # now every loss looks at the pictures by itself
    on_real, on_fake = discriminator_loss(
        gan.discriminator(hr), gan.discriminator(prediction.detach())
    )
    losses = {
        "d/real": on_real,
        "d/fake": on_fake,
        "g/pixel": gan.pixel(prediction, hr),
        "g/content": gan.content(prediction, hr),
        "g/adversarial": generator_adversarial_loss(gan.discriminator(prediction)),
    }
    torch.testing.assert_close(
        dict(zip(found.names, found.values.tolist(), strict=False)),
        {name: loss.item() for name, loss in losses.items()},
        rtol=1.3e-6,
        atol=1e-5,
    )
    of_generator = (
        config.pixel_weight * losses["g/pixel"]
        + config.content_weight * losses["g/content"]
        + config.adversarial_weight * losses["g/adversarial"]
    )
    for network, loss in ((gan.discriminator, on_real + on_fake), (gan.generator, of_generator)):
        learning = [p for p in network.parameters() if p.requires_grad]
        by_hand = torch.autograd.grad(loss, learning, retain_graph=True)
        for a, b in zip(gradients(network), by_hand, strict=True):
            assert float((a - b).abs().max()) <= 1e-3 * float(b.abs().max())


def test_the_discriminator_warms_up_alone(photos: Path) -> None:
    gan = trainer(photos, SRGAN_SMOKE)
    before = [p.clone() for p in gan.generator.parameters()]
    gan.step(0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, gan.generator.parameters(), strict=True))
    gan.step(0.0)
    assert not all(
        torch.equal(a, b) for a, b in zip(before, gan.generator.parameters(), strict=True)
    )


@pytest.mark.skipif(kernels() is None, reason="no C compiler")
def test_the_generator_learns_against_the_newest_discriminator(photos: Path) -> None:
    config = dataclasses.replace(SRGAN_SMOKE, discriminator_learning_rate=1e-3)
    losses = []
    for fast in (True, False):  # fast: filters of frozen weights are kept
        gan = Trainer(config, sampler(photos), device=CPU, precision="float32")
        accelerate(gan, kernels=fast)
        losses.append([gan.step(0.0).get("g/adversarial", 0.0) for _ in range(5)])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


RESUMED = {
    "muon": dataclasses.replace(SRRESNET_SMOKE, optimizer="muon"),
    "gan": SRGAN_SMOKE,
    "paper": dataclasses.replace(SRRESNET_SMOKE, network_args=SMOKE | {"batch_norm": True}),
    "epochs": dataclasses.replace(SRGAN_SMOKE, epochs=2),
}


def leaves(value: object) -> Iterator[object]:
    """Every number and tensor of a nested state, in order."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize("config", RESUMED.values(), ids=RESUMED)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(
    photos: Path, tmp_path: Path, config: Training
) -> None:
    def run(folder: str) -> Run:
        return Run(
            accelerate(trainer(photos, config)), tmp_path / folder, data_name="test", minutes=None
        )

    whole = run("whole")
    whole.train()
    first = run("parts")
    for _ in range(2):
        first.trainer.step(first.progress())
    first.save({})
    second = run("parts")
    second.resume()
    second.train()
    states = [r.trainer.state_dict() | {"seconds": 0} for r in (whole, second)]
    ours, theirs = (list(leaves(state)) for state in states)
    assert len(ours) == len(theirs) > 50
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_states_of_before_newer_settings_and_crop_states_still_load(photos: Path) -> None:
    run = trainer(photos, SRRESNET_SMOKE)
    run.step(0.0)
    state = run.state_dict()
    del state["config"]["epochs"], state["config"]["network"]
    state["config"] |= state["config"].pop("network_args")
    state["crops"] = state["crops"]["random"]
    other = trainer(photos, SRRESNET_SMOKE)
    other.load_state_dict(state)
    assert other.step(0.5) == run.step(0.5)


def test_a_loss_that_is_not_a_number_stops_before_any_weight_changes(photos: Path) -> None:
    run = trainer(photos, SRRESNET_SMOKE)
    before = run.generator.state_dict()["tail.weight"].clone()
    run.pixel = lambda a, b: (a * float("nan")).mean()
    with pytest.raises(TrainingDiverged, match="learning_rate"):
        run.step(0.0)
    assert torch.equal(before, run.generator.state_dict()["tail.weight"])


def test_gradients_that_are_not_numbers_stop_before_any_weight_changes(photos: Path) -> None:
    run = trainer(photos, SRRESNET_SMOKE)
    run.step(0.0)
    before = {k: v.clone() for k, v in run.generator.state_dict().items()}
    run.pixel = lambda a, b: (a - a.detach()).abs().sqrt().mean()  # 0, with an infinite slope
    with pytest.raises(TrainingDiverged, match="gradient norms"):
        run.step(0.0)
    assert all(torch.equal(before[k], v) for k, v in run.generator.state_dict().items())


def test_divergence_keeps_the_last_good_checkpoint(photos: Path, tmp_path: Path) -> None:
    run = Run(accelerate(trainer(photos, SRRESNET_SMOKE)), tmp_path, data_name="t", minutes=None)
    run.trainer.step(0.0)
    run.save({})
    saved = [path.read_bytes() for path in (run.state_path, run.weights_path)]
    run.trainer.pixel = lambda a, b: (a * float("inf")).mean()
    with pytest.raises(TrainingDiverged, match=r"state\.pt is good"):
        run.train()
    next(run.trainer.average.parameters()).data.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="not finite"):
        run.save({})
    assert saved == [path.read_bytes() for path in (run.state_path, run.weights_path)]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_refused_resume_writes_nothing(photos: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    common = ["srresnet_smoke", "--data", str(photos)]
    run = ["--output", str(tmp_path / "run")]
    assert train.run(parser.parse_args([*common, *run])) == 0
    before = contents(tmp_path / "run")
    (photos / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(ConfigError, match="batch_size"):
        train.run(parser.parse_args([*common, *run, "--resume", "--set", "batch_size=3"]))
    assert contents(tmp_path / "run") == before
    with pytest.raises(DataError, match="nothing to resume"):
        train.run(parser.parse_args([*common, "--output", str(tmp_path / "wrong"), "--resume"]))
    assert not (tmp_path / "wrong").exists()


def test_a_checkpoint_that_was_not_wholly_written_is_written_again(
    photos: Path, tmp_path: Path
) -> None:
    def run() -> Run:
        return Run(
            accelerate(trainer(photos, SRRESNET_SMOKE)), tmp_path, data_name="t", minutes=None
        )

    run().train()
    for name in ("log.csv", "srresnet_x4.safetensors"):  # killed after the state was written
        (tmp_path / name).unlink()
    again = run()
    again.resume()
    again.train()
    assert (tmp_path / "log.csv").is_file()
    assert again.weights_path.is_file()


@pytest.mark.parametrize("late", [False, True], ids=["cpu", "gpu"])
def test_means_of_losses_are_over_the_updates_that_had_them(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    config = dataclasses.replace(SRGAN_SMOKE, iterations=6, discriminator_warmup=3)
    run = Run(accelerate(trainer(photos, config)), tmp_path, data_name="t", minutes=None)
    seen: list[dict[str, float]] = [{}] if late else []
    step = run.trainer.step

    def told(progress: float) -> dict[str, float]:
        seen.append(step(progress))
        return seen[-2 if late else -1]

    monkeypatch.setattr(run.trainer, "step", told)
    monkeypatch.setattr(Speedometer, "row", lambda self: {"steps": self.steps})
    row = run.train()
    known = seen[:6] if late else seen
    for name in ("g/pixel", "g/adversarial", "d/real", "d/fake"):
        values = [losses[name] for losses in known if name in losses]
        assert row[name] == pytest.approx(sum(values) / len(values)), name
    assert row["steps"] == 2  # three of the warm-up, one whose operations were counted


def test_the_bar_says_rate_and_time_left() -> None:
    shown = io.StringIO()
    speed = Speedometer(batch_size=8, processes=1, matrix_rate=2e9, flops=1e9, steps=10, seconds=20)
    with closing(ProgressBar(enabled=True, file=shown)) as bar:
        bar.show(10, progress=0.5, begin=0.25, seconds=60.0, speed=speed)
        bar.show(11, progress=0.6, begin=0.25, seconds=60.1, speed=speed)
    assert "50%" in shown.getvalue()
    assert "iteration 11" not in shown.getvalue()  # too soon after the other
    assert "iteration 10, 4.0 samples/s, 25% of the matrix rate, 02:00 left" in shown.getvalue()
    row = speed.row()
    assert row == {
        "samples_per_second": 4.0, "gflop_per_second": 0.5, "matrix_rate_percent": 25.0
    }  # fmt: skip
    assert speed.row() == {}


def test_flops_of_a_convolution_and_its_gradients() -> None:
    conv = torch.nn.Conv2d(3, 8, 3, padding=1, bias=False)
    once = 2 * 8 * 3 * 9 * 16 * 16
    assert count_flops(lambda: conv(torch.rand(1, 3, 16, 16)))[1] == once
    x = torch.rand(1, 3, 16, 16, requires_grad=True)
    assert count_flops(lambda: conv(x).sum().backward())[1] == 3 * once


def test_schedules() -> None:
    cosine = dataclasses.replace(SRRESNET_SMOKE, schedule="cosine", warmup_iterations=10)
    assert learning_rate_factor(cosine, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate_factor(cosine, 100, 0.5) == pytest.approx(0.5)
    assert learning_rate_factor(cosine, 100, 1.0) == pytest.approx(0.0)
    step = dataclasses.replace(cosine, schedule="step")
    assert [learning_rate_factor(step, 99, p) for p in (0.4, 0.6)] == pytest.approx([1.0, 0.1])


def test_muon_makes_updates_orthogonal_and_minimises() -> None:
    torch.manual_seed(0)
    for shape in ((2, 8, 20), (2, 20, 8)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
        assert float(values.min()) > 0.5
        assert float(values.max()) < 1.3
    weight = torch.nn.Parameter(torch.randn(6, 3, 3, 3))
    optimizer = Muon([weight], learning_rate=0.05)
    first = float(weight.detach().square().sum())
    for _ in range(50):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    assert float(weight.detach().square().sum()) < 0.4 * first


def test_the_command_trains_saves_and_resumes(photos: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    common = ["srresnet_smoke", "--data", str(photos), "--output", str(tmp_path / "run")]
    (photos / "broken.png").write_bytes(b"\x89PNG")
    assert train.run(parser.parse_args([*common, "--validate", str(photos)])) == 0
    files = {p.name for p in (tmp_path / "run").iterdir()}
    (photos / "broken.png").unlink()
    assert files == {
        "log.csv", "run.json", "samples", "skipped.txt", "srresnet_x4-best.safetensors",
        "srresnet_x4.safetensors", "state.pt",
    }  # fmt: skip
    assert "broken.png: " in (tmp_path / "run" / "skipped.txt").read_text()
    samples = sorted((tmp_path / "run" / "samples").rglob("*.png"))
    assert [p.relative_to(tmp_path / "run" / "samples").as_posix() for p in samples] == [
        "0/0000004.png", "1/0000004.png", "2/0000004.png",
    ]  # fmt: skip
    assert open_image(samples[0]).width == 3 * 48
    with pytest.raises(ConfigError, match="--resume"):
        train.run(parser.parse_args(common))
    longer = ["--resume", "--set", "iterations=6"]
    assert train.run(parser.parse_args([*common, *longer])) == 0
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    assert log[0].startswith("iteration,seconds,g/pixel")
    assert [line.split(",")[0] for line in log[1:]] == ["4", "6"]
    before = contents(tmp_path / "run")
    for used_up in (longer, ["--resume", "--set", "iterations=5", "--validate", str(photos)]):
        assert train.run(parser.parse_args([*common, *used_up])) == 0
        assert contents(tmp_path / "run") == before
    assert {"samples_per_second", "gflop_per_second", "matrix_rate_percent", "psnr_y"} <= set(
        log[0].split(",")
    )
    generator = ["--set", f"initial={tmp_path / 'run' / 'srresnet_x4.safetensors'}"]
    gan = ["srgan_smoke", "--data", str(photos), "--output", str(tmp_path / "gan"), *generator]
    assert train.run(parser.parse_args(gan)) == 0
    from sr.models.files.weights_file import read_header

    about = read_header(tmp_path / "gan" / "srgan_x4.safetensors")["about"]
    assert [stage["iterations"] for stage in about["stages"]] == [6]
    assert about["stages"][0]["training"]["pixel_loss"] == "l1"
    with pytest.raises(ConfigError, match="no preset 'x'"):
        train.run(parser.parse_args(["x", *common[1:]]))


def test_the_command_takes_a_data_set_as_downloaded(
    photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from sr.commands.cli import main
    from sr.models.files.weights_file import read_header

    voc = tmp_path / "VOC2012_train_val" / "VOC2012_train_val"
    voc.mkdir(parents=True)
    photos.rename(voc / "JPEGImages")
    (voc / "ImageSets" / "Main").mkdir(parents=True)
    (voc / "ImageSets" / "Main" / "train.txt").write_text("0\n2\n")
    command = ["train", "srresnet_smoke", "--data", str(tmp_path / "VOC2012_train_val")]
    command += ["--split", "train", "--set", "epochs=3", "--cache", str(tmp_path / "cache")]
    with caplog.at_level("INFO"):
        assert main([*command, "--output", str(tmp_path / "a")]) == 0
    assert "PASCAL VOC2012" in caplog.text
    assert "3 epochs of one crop of every image: 3 iterations" in caplog.text
    about = read_header(tmp_path / "a" / "srresnet_x4.safetensors")["about"]
    assert (about["data"], about["images"]) == ("VOC2012_train_val (train)", 2)
    caplog.clear()
    with caplog.at_level("INFO"):
        assert main([*command, "--output", str(tmp_path / "b")]) == 0
    assert "decoding" not in caplog.text
    assert main([*command[:4], "--split", "x", "--output", str(tmp_path / "c")]) == 2
    reduced = [*command, "--multiscale", "0.9", "0.8", "--output", str(tmp_path / "d")]
    assert main(reduced) == 0
    about = read_header(tmp_path / "d" / "srresnet_x4.safetensors")["about"]
    assert about["data"] == "VOC2012_train_val (train, multiscale 0.9 0.8)"
    assert about["images"] == 6
    with pytest.raises(SystemExit):
        main([*command, "--multiscale", "1.5", "--output", str(tmp_path / "e")])


def test_of_a_training_set_the_test_part_is_validated_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for part, name in (("train", "a"), ("test", "b")):
        folder = tmp_path / "BSDS300" / "images" / part
        folder.mkdir(parents=True)
        save_png(folder / f"{name}.png", Photo(np.zeros((16, 16, 3), np.uint8)))
    with caplog.at_level("INFO"):
        assert Validation(tmp_path / "BSDS300", scale=4).names == ["b"]
    assert "BSDS300 x4, 1 of 1 images, test: " in caplog.text


def test_a_list_holds_a_file_name_a_line(
    photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from sr.commands.cli import main
    from sr.models.files.weights_file import read_header

    (photos / "0.png").rename(photos / "uma foto.png")
    (tmp_path / "list.txt").write_text("uma foto.png\r\n1.png\n\ngone.png\n")
    command = ["train", "srresnet_smoke", "--data", str(photos), "--output", str(tmp_path / "run")]
    assert main([*command, "--list", str(tmp_path / "list.txt")]) == 0
    assert "1 of the 3 files of the list are not there: gone.png" in caplog.text
    about = read_header(tmp_path / "run" / "srresnet_x4.safetensors")["about"]
    assert about["images"] == 2


def test_initial_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    from sr.base.errors import WeightsError
    from sr.models.files.weights_file import save_model

    path = tmp_path / "w.safetensors"
    save_model(path, build_generator(SRRESNET_SMOKE), name="x", about={})
    with pytest.raises(WeightsError, match="not the preset's"):
        build_generator(override(SRRESNET_SMOKE, ["num_blocks=2", f"initial={path}"]))


def test_a_published_esrgan_file_is_trained_on(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    from sr.commands.cli import main
    from sr.models.files.weights_file import read_header
    from tests.helpers import foreign_files as files

    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    state = files.rrdb()
    files.save(tmp_path / "models" / "ESRGAN.pth", state)
    files.save(tmp_path / "named.pth", files.esrgan(state))
    files.save(tmp_path / "wrapped.pth", files.real_esrgan(state))
    assert main(["models"]) == 0
    assert "a recipe of rrdb: --set initial=ESRGAN" in capsys.readouterr().out
    size = ["num_blocks=2", "num_features=16", "growth=32"]
    smoke = PRESETS["esrgan_smoke"]
    networks = [
        build_generator(override(smoke, [*size, f"initial={initial}"])).state_dict()
        for initial in ("ESRGAN", tmp_path / "named.pth", tmp_path / "wrapped.pth")
    ]
    assert torch.equal(networks[0]["conv_first.weight"], state["model.0.weight"])
    for other in networks[1:]:
        assert all(torch.equal(other[key], value) for key, value in networks[0].items())
    command = ["train", "esrgan_smoke", "--data", str(photos), "--output", str(tmp_path / "run")]
    assert main([*command, *(w for s in [*size, "initial=ESRGAN"] for w in ("--set", s))]) == 0
    about = read_header(tmp_path / "run" / "esrgan_light_x4.safetensors")["about"]
    assert about["stages"][0]["data"] == "not known: ESRGAN.pth"


def test_published_files_of_other_forms_are_not_trained_on(tmp_path: Path) -> None:
    from sr.base.errors import WeightsError
    from tests.helpers import foreign_files as files

    smoke = PRESETS["esrgan_smoke"]
    state = files.real_esrgan(files.rrdb())["params_ema"]
    narrow = state | {"conv_hr.weight": state["conv_hr.weight"][:4]}
    for content, words in (
        (files.compact(scale=2), "x.pth: not an RRDBNet"),
        (state | {"conv_up3.weight": state["conv_up2.weight"]}, "x.pth: an RRDBNet of another"),
        (narrow, "x.pth: an RRDBNet of another form"),
        (state, "is not the preset's"),
    ):
        files.save(tmp_path / "x.pth", content)
        with pytest.raises(WeightsError, match=words):
            build_generator(override(smoke, [f"initial={tmp_path / 'x.pth'}"]))
    with pytest.raises(WeightsError, match="no such weights file"):
        build_generator(override(smoke, [f"initial={tmp_path / 'gone.pth'}"]))
