"""Crops -> network input, varied while training.

What a kiosk's camera and Face Mesh vary: the five points jitter (a small turn, zoom and shift of the crop), light and
colour differ, focus and noise differ, something covers a part. The geometry is never sheared or stretched, because
the syndromes are in the geometry.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from tools.classes import ARCFACE, PIXEL_MEAN, PIXEL_STD, Normalisation


def normalise(pixels: Any, way: Normalisation = ARCFACE) -> Any:
    """uint8 [n,112,112,3] -> float [n,3,112,112], contiguous by channel, as a network wants its pixels."""
    x = (pixels.permute(0, 3, 1, 2).float() - PIXEL_MEAN) / PIXEL_STD
    return _as_wanted(x.contiguous(memory_format=torch.channels_last), way)


def _as_wanted(x: Any, way: Normalisation) -> Any:
    """Values in -1..1 as a network wants them; they are varied in that range whatever the network."""
    if way == ARCFACE:
        return x
    mean, std = (torch.tensor(part, device=x.device).reshape(1, 3, 1, 1) for part in (way.mean, way.std))
    return (x * PIXEL_STD + PIXEL_MEAN - mean) / std


def _uniform(count: int, low: float, high: float, rng: Any) -> Any:
    return torch.rand(count, generator=rng, device=rng.device) * (high - low) + low


def jitter(x: Any, rng: Any) -> Any:
    """Mirror half of them; turn by up to 4 degrees, zoom by up to 5 %, shift by up to 2.5 px."""
    n = len(x)
    angle = _uniform(n, -0.07, 0.07, rng)
    zoom = _uniform(n, 0.95, 1.05, rng)
    mirror = torch.where(_uniform(n, 0.0, 1.0, rng) < 0.5, -1.0, 1.0)
    shift = _uniform(2 * n, -0.045, 0.045, rng).reshape(2, n)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = [torch.stack([cos * mirror, -sin, shift[0]], 1), torch.stack([sin * mirror, cos, shift[1]], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def relight(x: Any, rng: Any) -> Any:
    """Contrast, brightness, colour cast, saturation, on normalised values; all in one pass over the pixels."""
    n = len(x)
    grey = x.mean(dim=1, keepdim=True)
    mean = grey.mean(dim=(1, 2, 3), keepdim=True)
    saturation, contrast = (_uniform(n, low, high, rng).reshape(n, 1, 1, 1) for low, high in ((0.4, 1.4), (0.65, 1.35)))
    brightness = _uniform(n, -0.30, 0.30, rng).reshape(n, 1, 1, 1)
    cast = _uniform(3 * n, -0.12, 0.12, rng).reshape(n, 3, 1, 1)
    return (
        x * (saturation * contrast)
        + grey * (contrast - saturation * contrast)
        + (mean * (1 - contrast) + brightness + cast)
    )


def degrade(x: Any, rng: Any) -> Any:
    """Blur a third of them, add noise, cover a rectangle of a third with grey."""
    n = len(x)
    blurred, share = torch.nonzero(_uniform(n, 0.0, 1.0, rng) < 0.35).flatten(), _uniform(n, 0.0, 1.0, rng)
    noise = torch.randn(x.shape, generator=rng, device=rng.device) * _uniform(n, 0.0, 0.06, rng).reshape(n, 1, 1, 1)
    x = x.index_copy(0, blurred, blur(x[blurred], share[blurred])).add_(noise)
    for i in torch.nonzero(_uniform(n, 0.0, 1.0, rng) < 0.3).flatten().tolist():
        top, left, height, width = torch.randint(0, 100, (4,), generator=rng, device=rng.device).tolist()
        x[i, :, top : top + 8 + height // 4, left : left + 8 + width // 4] = 0.0
    return x


def blur(x: Any, share: Any) -> Any:
    """A share [n] of each picture comes from one of half the size."""
    small = functional.interpolate(functional.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.lerp(x, small, share.reshape(-1, 1, 1, 1))


def augment(pixels: Any, rng: Any, way: Normalisation = ARCFACE) -> Any:
    """A varied training batch of uint8 crops: float [n,3,112,112], within the range of real pixels.

    rng: a generator on the device of the pixels.
    """
    x = degrade(relight(jitter(normalise(pixels), rng), rng), rng).clamp_(-1.0, 1.0)
    return _as_wanted(x.contiguous(memory_format=torch.channels_last), way)
