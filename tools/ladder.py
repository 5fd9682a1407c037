"""From plain post-training quantisation upwards, until int8 is close enough to float.

Rules: the rungs are a table; each is judged on the crops that are kept for choosing, never on those that are held
out; the first that reaches AIM is taken, else the best one; every base is made of the network as it was given, so a
recipe says all that was done. Nothing here needs labels; the last rungs fine-tune and are only tried where crops to
train on were given.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch

from tools.agreement import Gate, Likeness, Model, likeness
from tools.bias import correct
from tools.classes import Normalisation
from tools.crops import Uses
from tools.equalise import equalise
from tools.errors import ConversionError
from tools.finetune import finetune
from tools.operators import Operator, int8_share, operators
from tools.quantise import Extremes, observe, quantise, quiet, to_tflite
from tools.rewrite import rewrite
from tools.tensors import Floats

AIM: Final = Gate(top1_agreement=0.995, cosine_p1=0.995)
"""More than the gate wants: the crops that choose are not the ones that judge."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to quantise: which ranges, how many last operators stay float, and what is done to the weights.

    tuned: fine-tuned while rounded (finetune.py). It trains with the widest ranges and is shipped with them. Its biases
    are not corrected: that would aim at the means of the tuned network, not at those of the one that was given.
    """

    ranges: str = "widest"
    float_tail: int = 0
    equalised: bool = False
    corrected: bool = False
    tuned: bool = False


RUNGS: Final = (
    Rung(),
    Rung("clipped"),
    Rung("averaged"),
    Rung("clipped", equalised=True),
    Rung("clipped", corrected=True),
    Rung("clipped", float_tail=2),
    Rung("clipped", float_tail=6),
    Rung("clipped", float_tail=6, equalised=True),
    Rung("clipped", float_tail=6, corrected=True),
    Rung("clipped", float_tail=6, equalised=True, corrected=True),
    Rung("clipped", float_tail=12, corrected=True),
    Rung("widest", tuned=True),
    Rung("widest", float_tail=6, tuned=True),
)
LARGE: Final = 1_000_000_000
"""Multiply-adds from which a network sees fewer crops."""
FEWER_CROPS: Final = 40
EQUALISING_CROPS: Final = 60
CORRECTION_WORK: Final = 6e12
"""Multiply-adds that one bias correction may take: crops times corrected layers times those of one crop."""
FEWEST_CORRECTING: Final = 16
"""Crops; a network too large for these and all its layers has only some of its layers corrected."""
MOST_CORRECTED: Final = 32
"""Layers of a LARGE network: each takes half a second and more."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A rung and what came of it on the crops that choose; `skipped` says why nothing did."""

    rung: Rung
    likeness: Likeness | None
    int8_macs_share: float = 0.0
    skipped: str = ""
    missed: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """Flat, for convert.json."""
        figures = asdict(self.likeness) if self.likeness else {"skipped": self.skipped}
        return {**asdict(self.rung), **figures, "int8_macs_share": round(self.int8_macs_share, 4)}

    def line(self) -> str:
        """For the terminal."""
        parts = [f"{self.rung.ranges} ranges"]
        parts += [f"last {self.rung.float_tail} operators float"] if self.rung.float_tail else []
        parts += ["equalised"] if self.rung.equalised else []
        parts += ["biases corrected"] if self.rung.corrected else []
        parts += ["fine-tuned"] if self.rung.tuned else []
        said = self.skipped or "; ".join(self.missed) or "reaches the aim"
        return f"{', '.join(parts)}: {said}"


@dataclass(frozen=True, slots=True)
class Climbed:
    """The int8 model that was chosen, its rung, and all that were tried.

    plain: the float network as it was given; base: what the int8 model was made of, equalised or fine-tuned.
    """

    plain: bytes
    base: bytes
    small: bytes
    rung: Rung
    tried: tuple[Tried, ...]


class Ladder:
    """One network and its crops; what several rungs share is made once."""

    def __init__(self, network: Any, uses: Uses, pixels: Normalisation) -> None:
        self._program, self._pixels = rewrite(network), pixels
        self._training = uses.training and channels_first(pixels.apply(uses.training.pixels))
        plain = to_tflite(self._program)
        self._ops = operators(plain)
        most = FEWER_CROPS if self.multiply_adds > LARGE else None
        self._inputs, self._choice = pixels.apply(uses.ranges.pixels[:most]), uses.choice.pixels[:most]
        self._plain = plain
        self._bases: dict[tuple[bool, bool], tuple[bytes, Extremes]] = {
            (False, False): (plain, _observed(plain, self._inputs))
        }
        self._wanted = Model(plain, pixels).run(self._choice)

    @property
    def multiply_adds(self) -> int:
        """Of one crop."""
        return sum(op.multiply_adds for op in self._ops)

    def base(self, rung: Rung) -> tuple[bytes, Extremes]:
        """The float model that a rung starts from, and what its activations reach."""
        key = (rung.equalised, rung.tuned)
        if key not in self._bases:
            program = _copy_of(self._program)
            if rung.equalised:
                equalise(program, channels_first(self._inputs[:EQUALISING_CROPS]))
            if rung.tuned:
                finetune(program, self._training)
            plain = to_tflite(program)
            self._bases[key] = (plain, _observed(plain, self._inputs))
        return self._bases[key]

    def make(self, rung: Rung) -> bytes:
        """The int8 model of one rung."""
        plain, seen = self.base(rung)
        small = quantise(plain, seen, rung.ranges, rung.float_tail)
        if not rung.corrected:
            return small
        affordable = CORRECTION_WORK / max(self.multiply_adds, 1)
        crops = self._inputs[: max(int(affordable / len(self._ops)), FEWEST_CORRECTING)]
        return correct(plain, small, crops, MOST_CORRECTED if self.multiply_adds > LARGE else None)

    def skip(self, rung: Rung) -> str:
        """Why a rung is not tried; empty when it is."""
        if rung.float_tail >= len(self._ops):
            return "skipped, the network has no more operators than that"
        if rung.tuned and self._training is None:
            return "skipped, no crops to train on (--training)"
        return _too_much_float(self._ops, rung.float_tail)

    def judge(self, rung: Rung, small: bytes) -> Tried:
        """What a model reaches on the crops that choose."""
        found = likeness(self._wanted, Model(small, self._pixels).run(self._choice))
        share = int8_share(operators(small))
        return Tried(rung, found, share, missed=tuple(AIM.misses(found, share)))

    def climb(self) -> Climbed:
        """Try rung after rung."""
        tried, best, rank = [], (RUNGS[0], b""), (-1, -1.0)
        for rung in RUNGS:
            if reason := self.skip(rung):
                tried.append(Tried(rung, None, skipped=reason))
                continue
            small = self.make(rung)
            tried.append(self.judge(rung, small))
            if (reached := _rank(tried[-1])) > rank:
                best, rank = (rung, small), reached
            if not tried[-1].missed:
                break
        return Climbed(self._plain, self.base(best[0])[0], best[1], best[0], tuple(tried))


def channels_first(inputs: Floats) -> Any:
    """[n,112,112,3] -> a tensor [n,3,112,112]."""
    return torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy())


def _copy_of(program: Any) -> Any:
    """A program with weights of its own."""
    with quiet():  # torch warns of how it copies itself
        return copy.deepcopy(program)


def _observed(plain: bytes, inputs: Floats) -> Extremes:
    """What the activations reach. ConversionError where that is no number: the quantiser would crash on it."""
    seen = observe(plain, inputs)
    for name, low, high in zip(seen.names, seen.low.T, seen.high.T, strict=True):
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise ConversionError(f"the network's values are not finite on every crop (first in {name})")
    return seen


def _too_much_float(ops: list[Operator], float_tail: int) -> str:
    total = sum(op.multiply_adds for op in ops)
    kept = sum(op.multiply_adds for op in ops[len(ops) - float_tail :]) if float_tail else 0
    if kept > (1 - AIM.int8_macs_share) * total:
        return f"skipped, {kept / total:.0%} of the multiply-adds would be float"
    return ""


def _rank(tried: Tried) -> tuple[int, float]:
    """Better is greater: how few of the gate's limits are missed, then the cosine."""
    if tried.likeness is None:
        return -1, -1.0
    return -len(Gate().misses(tried.likeness, tried.int8_macs_share)), tried.likeness.cosine_p1
