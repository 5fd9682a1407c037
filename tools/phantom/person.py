"""Who is in the picture: a person as numbers, drawn at random by seed.

Rules: everything but `terms` is drawn before and without the label, so light, hair, skin, age and pose cannot tell the
class. Every person, affected or not, also carries a little of every term (normal variation), which makes the classes
overlap as they do in life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.terms import PAINTED, PUSHES, SYNDROMES

Colour = tuple[float, float, float]
"""sRGB, 0..255."""

MONK_SCALE: Final = (
    "f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420",
)  # fmt: skip
"""The ten skin tones of the Monk scale (skintone.google), sRGB."""
IRISES: Final = ("3b2417", "4a2f1c", "5b3a1e", "6b5a33", "55683f", "5f7f95", "7e95a8", "2a1a12")
HAIRS: Final = ("15110f", "1e1714", "2e211a", "4a3020", "6b4a2c", "9a7244", "c29c62", "7a3c22", "8d8a86", "c9c6c0")
CLOTHES: Final = ("2f4858", "33658a", "86bbd8", "8c2f39", "4f772d", "e9c46a", "d9d9d9", "3d3d3d", "6d597a", "f4f1de")
HAIR_STYLES: Final = ("short", "short", "cropped", "long", "long", "bald")

IDENTITY_SPREAD = 1.0
VARIATION_SD = 0.22
"""Standard deviation of the size of every term in every person, where 1 is a marked finding."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who does not exist.

    identity: coefficients of the shape model, standard deviations. terms: HPO id -> size (1 is a marked finding).
    scale: head size against an adult's. age in years; skin_tone 1..10 on the Monk scale. Colours are sRGB 0..255.
    stubble, freckles, brow_density, hair_volume, blush: 0..1. surface_seed: the skin's own noise.
    neutral: [478,3] mm, the face itself where it is not one of the shape model's. moves: HPO id -> displacement
    [478,3] in mm where the terms move this face in another way than the mean face. iris_share, cranium: irises and
    skull against those of an adult with a face as wide; neck_up_mm: how much higher than an adult's their neck begins.
    """

    label: str
    age: float
    sex: str
    skin_tone: int
    identity: NDArray[np.float64]
    terms: Mapping[str, float]
    scale: float
    skin: Colour
    iris: Colour
    hair: Colour
    lips: Colour
    clothes: Colour
    hair_style: str
    hair_volume: float
    brow_density: float
    blush: float
    stubble: float
    freckles: float
    surface_seed: int
    neutral: NDArray[np.float64] | None = None
    moves: Mapping[str, NDArray[np.float64]] | None = None
    iris_share: float = 1.0
    cranium: float = 1.0
    neck_up_mm: float = 0.0


def colour_of(code: str) -> Colour:
    """The sRGB values of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(code)
    return (float(red), float(green), float(blue))


def head_scale(age: float) -> float:
    """Head size against an adult's: 0.8 at three years, 1 from sixteen (face widths of Farkas 1994, roughly)."""
    return 0.76 + 0.24 * min(age, 16.0) / 16.0


def _skin(tone: int, rng: np.random.Generator) -> Colour:
    """A skin colour near the tone: between its neighbours on the scale, a little warmer or cooler."""
    base = np.array([colour_of(code) for code in MONK_SCALE])
    at = np.clip(tone - 1 + rng.uniform(-0.45, 0.45), 0, 9)
    mixed = [np.interp(at, np.arange(10), base[:, channel]) for channel in range(3)]
    warm = rng.normal(0.0, 0.025)
    lift = np.interp(at, [0, 5, 9], [0.97, 1.05, 1.75])  # a camera exposes for the face
    flesh = lift * np.array([1.0, 0.93, 0.87]) * (1 + warm * np.array([1.0, 0.0, -1.0]))
    red, green, blue = np.clip(mixed * flesh, 8, 245)
    return (float(red), float(green), float(blue))


def _pick(codes: tuple[str, ...], rng: np.random.Generator) -> Colour:
    """One of the colours, slightly varied."""
    varied = np.clip(np.array(colour_of(codes[int(rng.integers(len(codes)))])) * rng.normal(1.0, 0.08, 3), 4, 250)
    return (float(varied[0]), float(varied[1]), float(varied[2]))


def _lips(skin: Colour, rng: np.random.Generator) -> Colour:
    """Lips: the skin, redder and darker by a varying amount."""
    much = rng.uniform(0.45, 1.0)
    red, green, blue = np.array(skin) * (1 - much * np.array([0.16, 0.42, 0.36]))
    return (float(red), float(green), float(blue))


def draw_terms(label: str, rng: np.random.Generator) -> dict[str, float]:
    """HPO id -> size: everyone's normal variation, plus the syndrome's terms as often and as strongly as they come.

    A term that is present has a size of 0.55 to 1.45; how marked the whole face is varies between subjects too.
    """
    sizes = {hpo: float(rng.normal(0.0, VARIATION_SD)) for hpo in PUSHES}
    severity = rng.uniform(0.75, 1.2)
    for hpo, share in SYNDROMES[label].items():
        if rng.random() < share:
            sizes[hpo] = sizes.get(hpo, 0.0) + severity * float(rng.uniform(0.55, 1.45))
    for hpo in sorted(PAINTED):
        sizes.setdefault(hpo, float(rng.uniform(0.4, 1.0)) if rng.random() < 0.04 else 0.0)
    return sizes


def draw_person(label: str, rng: np.random.Generator, *, components: int = 40) -> Person:
    """A random person with the label. KeyError for a label that is no syndrome of the table."""
    age, sex = float(rng.uniform(3, 40)), str(rng.choice(["F", "M"]))
    tone = int(rng.integers(1, 11))
    skin = _skin(tone, rng)
    dark = tone >= 6
    return Person(
        label=label,
        age=round(age, 1),
        sex=sex,
        skin_tone=tone,
        identity=np.clip(rng.normal(0.0, IDENTITY_SPREAD, components), -2.4, 2.4),
        scale=head_scale(age) * float(rng.normal(1.0, 0.03)),
        skin=skin,
        iris=_pick(IRISES[:3] if dark else IRISES, rng),
        hair=_pick(HAIRS[:3] if dark else HAIRS[: 8 if age < 35 else 10], rng),
        lips=_lips(skin, rng),
        clothes=_pick(CLOTHES, rng),
        hair_style=str(rng.choice(HAIR_STYLES[:5] if age < 25 or sex == "F" else HAIR_STYLES)),
        hair_volume=float(rng.uniform(0.1, 1.0)),
        brow_density=float(rng.uniform(0.35, 1.0)),
        blush=float(rng.uniform(0.0, 1.0)),
        stubble=float(rng.uniform(0.0, 0.8)) if sex == "M" and age > 16 else 0.0,
        freckles=float(rng.uniform(0.0, 1.0)) ** 3,
        surface_seed=int(rng.integers(2**31)),
        terms=draw_terms(label, rng),
    )
