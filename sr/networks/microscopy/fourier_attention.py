"""Attention from the spectrum of features, and the residual block that DFCAN is made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-8  # magnitudes are no smaller, for a power has no slope at zero


class FourierAttention(nn.Module):
    """Fourier channel attention (Qiao et al. 2021): each channel is weighed by its spectrum.

    The magnitudes of the spectrum to a power, a 3x3 convolution with ReLU, their mean, and two
    1x1 convolutions down to a sixteenth of the channels and back.

    Args:
        num_features: channels.
        exponent: gamma, the power of the magnitudes.
        spectrum_px: side of the spectra.

    Departure: where the paper's code resizes the spectrum of a picture of any size to 128 x 128,
    the spectrum here is always of `spectrum_px` pixels: the mean over as many windows as cover a
    larger picture, and of a smaller one mirrored. So a network weighs channels alike whatever the
    size of the picture, and for pictures of exactly that size both are the same.
    """

    def __init__(self, num_features: int, *, exponent: float, spectrum_px: int) -> None:
        super().__init__()
        self.exponent = exponent
        self.spectrum_px = spectrum_px
        squeezed = max(1, num_features // 16)
        self.conv = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.squeeze = nn.Conv2d(num_features, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, num_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv(self.spectrum(x))).mean(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(y))))

    def spectrum(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, side, side) float32, frequency zero in the middle."""
        side = self.spectrum_px
        rows, columns = (_window_starts(length, side) for length in x.shape[2:])
        with torch.autocast(x.device.type, enabled=False):
            x = _mirrored(_mirrored(x.float(), 2, side), 3, side)
            total = x.new_zeros(())
            for top in rows:
                for left in columns:
                    half = torch.fft.rfft2(x[:, :, top : top + side, left : left + side])
                    power = torch.view_as_real(half).square().sum(dim=-1) + EPSILON**2
                    total = total + power.pow(self.exponent / 2)
            mean = total / (len(rows) * len(columns))
            # The other half of a real picture's spectrum is this one, turned by half a turn.
            turned = mean[..., 1 : (side + 1) // 2].flip(-2, -1).roll(1, -2)
            return torch.fft.fftshift(torch.cat([mean, turned], dim=-1), dim=(-2, -1))


def _window_starts(length: int, side: int) -> list[int]:
    """Where windows begin that cover a length, as few and as evenly as can be."""
    count = max(1, -(-length // side))
    room = max(0, length - side)
    return [round(i * room / max(1, count - 1)) for i in range(count)]


def _mirrored(x: Tensor, dim: int, side: int) -> Tensor:
    """Lengthened to `side` by mirroring, edges included; as it is where it is long enough."""
    length = x.shape[dim]
    if length >= side:
        return x
    index = torch.arange(side, device=x.device) % (2 * length)
    return x.index_select(dim, torch.where(index < length, index, 2 * length - 1 - index))


class FourierAttentionBlock(nn.Module):
    """FCAB: x + attention(GELU(conv3x3(GELU(conv3x3(x))))). 111,364 parameters at 64 channels."""

    def __init__(self, num_features: int, *, exponent: float, spectrum_px: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.conv2 = nn.Conv2d(num_features, num_features, 3, padding=1)
        self.attention = FourierAttention(num_features, exponent=exponent, spectrum_px=spectrum_px)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.attention(F.gelu(self.conv2(F.gelu(self.conv1(x)))))
