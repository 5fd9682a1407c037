"""Fine-tuning for int8: it helps where rounding hurts, sees no crop that judges, and is skipped without crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools.crops import Crops, uses
from tools.errors import TableError

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
finetune = pytest.importorskip("tools.finetune")
ladder = pytest.importorskip("tools.ladder")
rewrite = pytest.importorskip("tools.rewrite").rewrite


class Uneven(torch.nn.Module):  # type: ignore[misc]
    """A network with one weight in each filter that is fifty times as large as the others: int8 loses the others."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 16, 8, 8)
        self.second = torch.nn.Conv2d(16, 32, 3, 2, 1)
        self.embed = torch.nn.Linear(32, 24)
        with torch.no_grad():
            self.first.weight[0] /= 50.0
            self.second.weight[:, 0] *= 50.0

    def forward(self, x: object) -> object:
        """Embedding [n,24]."""
        return self.embed(torch.relu(self.second(torch.relu(self.first(x)))).mean(dim=(2, 3)))


def crops(count: int) -> Crops:
    pixels = np.random.default_rng(1).integers(0, 256, (count, 14, 14, 3)).astype(np.uint8)
    return Crops(pixels.repeat(8, axis=1).repeat(8, axis=2), tuple(f"{n}.png" for n in range(count)))


def apart(program: object, tuned: object, inputs: object) -> float:
    """How far the rounded network is from the float one."""
    teacher, runner = torch.fx.Interpreter(program), finetune.rounding_runner(tuned, [inputs])
    with torch.no_grad():
        return float(1 - torch.nn.functional.cosine_similarity(teacher.run(inputs), runner.run(inputs)).mean())


def test_rounding_hurts_less_after_fine_tuning() -> None:
    torch.manual_seed(3)
    network = Uneven().eval()
    program, tuned = rewrite(network), rewrite(network)
    x = torch.from_numpy(crops(24).pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    before = apart(program, tuned, x)
    finetune.finetune(tuned, x, steps=60, rate=1e-3)
    assert 0 < apart(program, tuned, x) < 0.8 * before


def test_crops_that_judge_train_nothing() -> None:
    every = crops(40)
    parts = uses(every, Path("crops.npz"))
    trained = parts.trained_on(every, Path("crops.npz")).training
    assert trained is not None
    assert set(trained.names) == set(parts.ranges.names)
    assert not {*parts.held.names, *parts.choice.names} & set(trained.names)
    with pytest.raises(TableError, match="besides those held out"):
        parts.trained_on(parts.held, Path("held.npz"))


def test_without_crops_the_rung_says_why_it_was_skipped() -> None:
    parts = uses(crops(12), Path("crops.npz"))
    rung = ladder.Rung("clipped", tuned=True)
    usual = pytest.importorskip("tools.classes").ARCFACE
    assert "--training" in ladder.Ladder(Uneven().eval(), parts, usual).skip(rung)
    given = replace(parts, training=parts.ranges)
    assert ladder.Ladder(Uneven().eval(), given, usual).skip(rung) == ""
