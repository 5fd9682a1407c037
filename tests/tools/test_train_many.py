"""Two processes through torchrun: the same command, about the same network, and a kill costs one epoch at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools.pictures import pictures
from tools.dataset import Crops, Row

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

REPOSITORY = Path(__file__).parents[2]
KILLED_AFTER_AN_EPOCH = """
import os, signal, sys
from tools.train import __main__ as command, loop

save = loop.save

def save_and_die(*arguments, **parts):
    save(*arguments, **parts)
    os.kill(os.getpid(), signal.SIGKILL)

loop.save = save_and_die
command.main(sys.argv[1:])
"""


def torchrun(*program: str) -> subprocess.CompletedProcess[str]:
    """A program in two processes, as a user starts them."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *program]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=150, check=False, env=environment
    )


def test_two_processes_go_on_after_a_kill_and_train_about_the_same_network(tmp_path: Path) -> None:
    from tools.train import __main__ as command

    data, out, driver = pictures(tmp_path / "data", 32), tmp_path / "out", tmp_path / "killed.py"
    driver.write_text(KILLED_AFTER_AN_EPOCH)
    plan = ["--data", str(data), "--network", "phenonet-small", "--epochs", "2", "--batch", "8", "--rate", "1e-4"]
    killed = torchrun(str(driver), *plan, "--out", str(out))
    assert killed.returncode != 0
    assert [file.name for file in out.iterdir()] == ["unfinished.pt"]
    done = torchrun("-m", "tools.train", *plan, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "training goes on after epoch 1" in done.stderr
    assert done.stderr.count("epoch 2:") == 1, "one process speaks"
    assert sorted(file.name for file in out.iterdir()) == ["phenonet-small.pt", "train.json"]
    assert command.main([*plan, "--out", str(tmp_path / "one")]) == 0
    two, one = (json.loads((folder / "train.json").read_text()) for folder in (out, tmp_path / "one"))
    assert (two["processes"], one["processes"]) == (2, 1)
    for after, alone in zip(two["history"], one["history"], strict=True):
        assert after["loss"] == pytest.approx(alone["loss"], rel=0.1)


def test_the_shares_of_a_batch_have_the_gradient_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.augment import normalise
    from tools.train import loop
    from tools.train.heads import Learner
    from tools.train.plan import Plan
    from tools.train.world import World

    monkeypatch.setattr(loop, "augment", lambda pixels, _rng, way: normalise(pixels, way))
    pixels = np.random.default_rng(0).integers(0, 255, (7, 112, 112, 3)).astype(np.uint8)
    crops = Crops(pixels, tuple(Row(f"{i}", f"s{i}", i % 3, "train", {}) for i in range(7)))
    plan = Plan(network="phenonet-small", balanced=True)
    learner = Learner(loop.build(plan.network, 3), plan.head, plan.scale, plan.used_margin).eval()

    def gradient(*worlds: World) -> Any:
        learner.zero_grad()
        for world in worlds:
            step = loop.Step(learner, None, None, crops, plan, loop.class_weights(crops.labels, 3), world)
            step.loss(np.arange(7), None).backward()
        return torch.cat([parameter.grad.flatten() for parameter in learner.parameters()])

    whole, shares = gradient(World()), gradient(World(0, 2), World(1, 2))
    torch.testing.assert_close(shares, whole, rtol=1e-3, atol=1e-6)
