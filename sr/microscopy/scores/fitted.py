"""PSNR, NRMSE, SSIM and MS-SSIM of frames, after a linear fit over the whole picture and without.

A network answers in other counts than a SIM reconstruction is written in, so a difference without a
fit says little; min-max of each picture, as many papers do it, hangs on its hottest pixel. Every
name says which it is: `fitted_` or `raw_`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sr.base.errors import ImageError, ShapeError

SMALLEST_MS_SSIM_PX = 161  # five scales of a window of 11


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of one frame.

    Attributes:
        fitted_psnr: dB, after a x + b; the peak is the reference's maximum less its minimum.
        fitted_nrmse: root of the summed squared error over the reference's Euclidean norm.
        fitted_ssim: Gaussian window of 11, sigma 1.5, range as of the PSNR.
        fitted_ms_ssim: five scales; None below 161 pixels.
        raw_psnr, raw_nrmse, raw_ssim: without the fit, in the counts that both are in.
        gain, offset: a and b.
    """

    fitted_psnr: float
    fitted_nrmse: float
    fitted_ssim: float
    fitted_ms_ssim: float | None
    raw_psnr: float
    raw_nrmse: float
    raw_ssim: float
    gain: float
    offset: float


def linear_fit(prediction: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """a and b with the least squared error of a prediction + b, over all pixels.

    A prediction without any contrast gets a = 0.
    """
    x, y = prediction.astype(np.float64).ravel(), reference.astype(np.float64).ravel()
    mean_x, mean_y = x.mean(), y.mean()
    variance = ((x - mean_x) ** 2).mean()
    gain = float(((x - mean_x) * (y - mean_y)).mean() / variance) if variance > 0 else 0.0
    return gain, float(mean_y - gain * mean_x)


def nrmse(prediction: np.ndarray, reference: np.ndarray) -> float:
    """Root of the summed squared error over the Euclidean norm of the reference."""
    difference = prediction.astype(np.float64) - reference
    return float(np.linalg.norm(difference) / np.linalg.norm(reference.astype(np.float64)))


def psnr(prediction: np.ndarray, reference: np.ndarray, peak: float | None = None) -> float:
    """dB; the peak is the reference's maximum less its minimum, or what is given. Equal pictures
    give inf.
    """
    error = ((prediction.astype(np.float64) - reference) ** 2).mean()
    if error == 0:
        return float("inf")
    if peak is None:
        peak = float(reference.max()) - float(reference.min())
    return float(10 * np.log10(peak**2 / error))


def score(
    prediction: np.ndarray, reference: np.ndarray, part: tuple[slice, slice] | None = None
) -> Scores:
    """All scores of a frame.

    Args:
        prediction: (H, W), any counts.
        reference: (H, W), what it should be.
        part: rows and columns that are scored; fit and range are of the whole picture all the
            same, for a fit of every part by itself flatters. None: all.

    Raises:
        ShapeError: shapes differ or are not 2-D.
        ImageError: NaN or infinite pixels, or a reference of one value only.
    """
    if prediction.shape != reference.shape or reference.ndim != 2:
        raise ShapeError(
            f"score: prediction {prediction.shape}, reference {reference.shape}; needed two frames "
            "(H, W) of one size"
        )
    for name, frame in (("prediction", prediction), ("reference", reference)):
        if not np.isfinite(frame).all():
            raise ImageError(f"score: the {name} has pixels that are NaN or infinite")
    peak = float(reference.max()) - float(reference.min())
    if peak == 0:
        raise ImageError(f"score: every pixel of the reference is {reference.flat[0]}")
    gain, offset = linear_fit(prediction, reference)
    fitted = gain * prediction.astype(np.float64) + offset
    low = float(reference.min())
    if part is not None:
        prediction, reference, fitted = prediction[part], reference[part], fitted[part]
    ssim, ms_ssim = _similarities(fitted, reference, low, peak)
    return Scores(
        fitted_psnr=psnr(fitted, reference, peak),
        fitted_nrmse=nrmse(fitted, reference),
        fitted_ssim=ssim,
        fitted_ms_ssim=ms_ssim,
        raw_psnr=psnr(prediction, reference, peak),
        raw_nrmse=nrmse(prediction, reference),
        raw_ssim=_similarities(prediction, reference, low, peak, has_scales=False)[0],
        gain=gain,
        offset=offset,
    )


def error_map(prediction: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Where a prediction is wrong: (H, W) float32, |a x + b - reference| over the reference's
    range, 0 where both agree.
    """
    gain, offset = linear_fit(prediction, reference)
    peak = max(float(reference.max()) - float(reference.min()), 1e-12)
    difference = np.abs(gain * prediction.astype(np.float64) + offset - reference)
    result: np.ndarray = (difference / peak).astype(np.float32)
    return result


def _similarities(
    prediction: np.ndarray,
    reference: np.ndarray,
    low: float,
    peak: float,
    *,
    has_scales: bool = True,
) -> tuple[float, float | None]:
    """SSIM and MS-SSIM, where the reference's range begins at `low`."""
    import torch
    from pytorch_msssim import ms_ssim, ssim

    pictures = [
        torch.from_numpy((p.astype(np.float64) - low) / peak)[None, None]
        for p in (prediction, reference)
    ]
    similarity = float(ssim(*pictures, data_range=1.0))
    if not has_scales or min(reference.shape) < SMALLEST_MS_SSIM_PX:
        return similarity, None
    return similarity, float(ms_ssim(*pictures, data_range=1.0))
