"""Fine-tuning for int8: it helps where rounding hurts, sees no crop that judges, and is skipped without crops."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools.crops import Crops, uses
from tools.errors import ConversionError, TableError

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


def answers(program: object, inputs: object) -> object:
    """What the float network says."""
    with torch.no_grad():
        return torch.fx.Interpreter(program).run(inputs).clone()


def apart(wanted: object, tuned: object, inputs: object) -> float:
    """How far the rounded network is from these answers."""
    runner = finetune.rounding_runner(tuned, [inputs])
    with torch.no_grad():
        return float(1 - torch.nn.functional.cosine_similarity(wanted, runner.run(inputs)).mean())


def scaled(pixels: np.ndarray) -> object:
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


def test_rounding_hurts_less_after_fine_tuning() -> None:
    torch.manual_seed(3)
    network = Uneven().eval()
    x = scaled(crops(24).pixels)
    tuned = rewrite(copy.deepcopy(network))
    wanted = answers(rewrite(network), x)
    before = apart(wanted, tuned, x)
    finetune.finetune(tuned, x, steps=60, rate=1e-3)
    assert 0 < apart(wanted, tuned, x) < 0.8 * before
    assert bool((answers(rewrite(network), x) == wanted).all()), "the teacher moved"


def test_network_without_layers_cannot_be_fine_tuned() -> None:
    class Bare(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: object) -> object:
            return x.mean(dim=(2, 3))

    with pytest.raises(ConversionError, match=r"WRK-04.*fine-tune"):
        finetune.finetune(rewrite(Bare().eval()), scaled(crops(4).pixels))


def test_every_base_is_made_of_the_network_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """What equalised before does not reach the fine-tuned base, nor the given network."""
    torch.manual_seed(3)
    network, parts = Uneven().eval(), uses(crops(20), Path("crops.npz"))
    given = {name: value.clone() for name, value in network.state_dict().items()}
    parts = replace(parts, training=parts.ranges)
    seen = []

    def noted(program: object, inputs: object) -> None:
        seen.append(sorted(float(value.detach().abs().sum()) for value in [*program.parameters(), *program.buffers()]))
        for value in program.parameters():
            value.data += 1

    monkeypatch.setattr(ladder, "finetune", noted)
    usual = pytest.importorskip("tools.classes").ARCFACE
    one, other = (ladder.Ladder(network, parts, usual) for _ in range(2))
    one.base(ladder.Rung(tuned=True))
    plain = other.base(ladder.Rung(equalised=True))[0]
    other.base(ladder.Rung(tuned=True))
    assert seen[0] == seen[1]
    assert all(bool((value == given[name]).all()) for name, value in network.state_dict().items())
    assert other.base(ladder.Rung(equalised=True, tuned=True)) != plain
    assert seen[2] != seen[1]


def test_tuned_rungs_ship_the_ranges_that_they_train_with() -> None:
    tuned = [rung for rung in ladder.RUNGS if rung.tuned]
    assert tuned
    assert not [rung for rung in tuned if rung.ranges != "widest" or rung.corrected]


def test_crops_that_judge_train_nothing() -> None:
    every = crops(40)
    parts = uses(every, Path("crops.npz"))
    trained = parts.trained_on(every, Path("crops.npz")).training
    assert trained is not None
    assert set(trained.names) == set(parts.ranges.names)
    assert not {*parts.held.names, *parts.choice.names} & set(trained.names)
    with pytest.raises(TableError, match="besides those held out"):
        parts.trained_on(parts.held, Path("held.npz"))


def test_crops_that_are_held_out_set_no_range_under_another_name_either() -> None:
    every = crops(20)
    again = Crops(every.pixels[:8], tuple(f"copy of {name}" for name in every.names[:8]))
    parts = uses(every, Path("crops.npz"), again)
    assert set(parts.held.names) == set(again.names)
    assert {*parts.ranges.names, *parts.choice.names} == set(every.names[8:])
    with pytest.raises(TableError, match="0 crops besides those held out"):
        uses(every, Path("crops.npz"), every)


def test_without_crops_the_rung_says_why_it_was_skipped() -> None:
    parts = uses(crops(12), Path("crops.npz"))
    rung = ladder.Rung(tuned=True)
    usual = pytest.importorskip("tools.classes").ARCFACE
    assert "--training" in ladder.Ladder(Uneven().eval(), parts, usual).skip(rung)
    given = replace(parts, training=parts.ranges)
    assert ladder.Ladder(Uneven().eval(), given, usual).skip(rung) == ""
