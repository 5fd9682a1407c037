"""Who is in the picture: a person as numbers, drawn at random by seed.

Rules: everything but `terms` is drawn before and without the label, so light, hair, skin, age and pose cannot tell the
class. Every person, affected or not, also carries a little of every term (normal variation), which makes the classes
overlap as they do in life.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.phantom.directions import draw_moves
from tools.phantom.shape import FaceShape
from tools.phantom.terms import PAINTED, PAINTED_POPULATION, POPULATION_SHARE, PUSHES, SYNDROMES

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
VARYING: Final = {hpo for hpo, pushes in PUSHES.items() if not any(push.jaw for push in pushes)}
"""Terms in which everybody differs a little; a mouth is open or it is not."""
FAINTEST, STRONGEST = 0.55, 1.45
"""Size of a finding in a person of ordinary expressivity."""
EXPRESSIVITY = (0.7, 1.25)
"""How strongly a subject shows their syndrome: multiplies all its findings."""
TILT_DEG, REACH_SD = 8.0, 0.1
"""In each person a term points a little elsewhere and reaches further or less (see directions.py)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who does not exist.

    identity: coefficients of the shape model, standard deviations. terms: HPO id -> size (1 is a marked finding);
    findings: the terms that were drawn, the others are normal variation; expressivity: what multiplied them.
    scale: head size against an adult's. age in years; skin_tone 1..10 on the Monk scale. Colours are sRGB 0..255.
    stubble, freckles, brow_density, hair_volume, blush: 0..1. surface_seed: the skin's own noise.
    neutral: [478,3] mm, the face itself where it is not one of the shape model's. moves: HPO id -> displacement
    [478,3] in mm where the terms move this face in another way than the mean face. iris_share, cranium: irises and
    skull against those of an adult with a face as wide; neck_up_mm: how much higher than an adult's their neck begins.
    disguised: painted in colours and patterns of nobody (see ablation.py).
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
    findings: tuple[str, ...] = ()
    expressivity: float = 1.0
    disguised: bool = False


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


def present_terms(label: str, rng: np.random.Generator) -> tuple[str, ...]:
    """The findings of a person: the syndrome's as often as they come, any other at its rate in the population.

    As many numbers are drawn whatever the label.
    """
    rates = {hpo: PAINTED_POPULATION.get(hpo, POPULATION_SHARE) for hpo in sorted({*PUSHES, *PAINTED})}
    own = SYNDROMES[label]
    return tuple(hpo for hpo, rate in rates.items() if rng.random() < max(own.get(hpo, 0.0), rate))


def draw_terms(findings: Collection[str], expressivity: float, rng: np.random.Generator) -> dict[str, float]:
    """HPO id -> size: everyone's normal variation of what can be measured, plus the findings by their expressivity."""
    sizes: dict[str, float] = {}
    for hpo in sorted({*PUSHES, *PAINTED}):
        varied, marked = float(rng.normal(0.0, VARIATION_SD)), float(rng.uniform(FAINTEST, STRONGEST))
        ordinary = varied if hpo in VARYING else 0.0
        sizes[hpo] = ordinary + (expressivity * marked if hpo in findings else 0.0)
    return sizes


def draw_person(label: str, rng: np.random.Generator, *, components: int = 40) -> Person:
    """A random person with the label. KeyError for a label that is no syndrome of the table."""
    age, sex = float(rng.uniform(3, 40)), str(rng.choice(["F", "M"]))
    tone = int(rng.integers(1, 11))
    skin = _skin(tone, rng)
    dark = tone >= 6
    moves = draw_moves(FaceShape.load().mean.astype(np.float64), TILT_DEG, REACH_SD, rng)
    expressivity = round(float(rng.uniform(*EXPRESSIVITY)), 3)
    findings = present_terms(label, rng)
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
        moves=moves,
        findings=findings,
        expressivity=expressivity,
        terms=draw_terms(findings, expressivity, rng),
    )


def in_tone(person: Person, tone: int, seed: int) -> Person:
    """The same person in another skin tone (1..10 on the Monk scale); nothing else changes but the lips' colour."""
    rng = np.random.default_rng(seed)
    skin = _skin(tone, rng)
    return replace(person, skin_tone=tone, skin=skin, lips=_lips(skin, rng))
