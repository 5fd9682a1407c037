"""Training starts from the backbone of a state dict, and what it writes loads where it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.dataset import Crops, Row
from tools.errors import CheckpointError, TableError

torch = pytest.importorskip("torch", reason="needs the workshop: make setup-workshop")
pytestmark = pytest.mark.workshop

network = pytest.importorskip("tools.network")
begin_from = pytest.importorskip("tools.train.start").begin_from
NETWORKS = ["phenonet-small", "mobilefacenet", "mobilefacenet-foamliu"]


def noise(count: int) -> Crops:
    """Two classes of noise, the last two crops to calibrate with."""
    pixels = np.random.default_rng(0).integers(0, 255, (count, 112, 112, 3)).astype(np.uint8)
    splits = ["train"] * (count - 2) + ["calibration"] * 2
    return Crops(pixels, tuple(Row(f"{i}.png", f"s{i}", i % 2, split, {}) for i, split in enumerate(splits)))


def test_class_layer_of_another_size_stays_fresh_and_the_backbone_does_not() -> None:
    before, after = network.build("phenonet-small", 40), network.build("phenonet-small", 7)
    own = after.classify.weight.detach().clone()
    begin_from(after, before.state_dict())
    assert torch.equal(after.embed.weight, before.embed.weight)
    assert torch.equal(after.classify.weight, own)


def test_class_layer_of_the_same_size_is_taken_over() -> None:
    before, after = network.build("phenonet-small", 7), network.build("phenonet-small", 7)
    begin_from(after, before.state_dict())
    assert torch.equal(after.classify.weight, before.classify.weight)


def test_published_weights_without_a_class_layer_fill_the_backbone() -> None:
    published, own = network.build("mobilefacenet"), network.build("mobilefacenet", 7)
    begin_from(own, published.state_dict())
    assert torch.equal(own.conv3.weight, published.conv3.weight)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda state: state.pop("embed.weight"), "embed.weight is not in the file"),
        (lambda state: state.update({"head.weight": torch.zeros(2)}), "the network has no head.weight"),
        (lambda state: state.update({"embed.weight": torch.zeros(2, 3)}), r"embed.weight is \[2, 3\]"),
    ],
)
def test_weights_of_another_network_are_refused_in_one_line(spoil: Callable[[Any], object], what: str) -> None:
    state = network.build("phenonet-small", 7).state_dict()
    spoil(state)
    with pytest.raises(CheckpointError, match=what) as caught:
        begin_from(network.build("phenonet-small", 7), state)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_trained_network_loads_where_it_is_converted(name: str, tmp_path: Path) -> None:
    from tools.checkpoint import save_state
    from tools.source import network_of
    from tools.train.loop import train
    from tools.train.plan import Plan

    crops = noise(6)
    start = network.build(name).state_dict() if name != "phenonet-small" else None
    state, _ = train(crops, Plan(1, 4, 1e-4, network=name), tmp_path / "state.pt", classes=2, start=start)
    assert set(state) == {*network.build(name).state_dict(), "classify.weight", "classify.bias"}
    save_state(tmp_path / "m.pt", state)
    loaded = network_of(None, name, None, tmp_path / "m.pt")
    with torch.no_grad():
        embedding, logits, features = loaded(torch.zeros(1, 3, 112, 112))
    assert logits.shape == (1, 2)
    assert embedding.shape == (1, 128)
    assert features.shape[2:] == (7, 7)


@pytest.mark.parametrize("name", ["iresnet50", "iresnet100"])
def test_arcface_networks_have_a_class_layer_when_they_are_trained(name: str) -> None:
    with torch.device("meta"):
        made = network.build(name, 7)
        plain = set(network.build(name).state_dict())
        embedding, logits, features = made(torch.zeros(2, 3, 112, 112))
    assert set(made.state_dict()) - plain == {"classify.weight", "classify.bias"}
    assert (embedding.shape, logits.shape, features.shape) == ((2, 512), (2, 7), (2, 512, 7, 7))


def test_a_network_is_trained_on_pixels_as_it_wants_them() -> None:
    from tools.augment import augment, normalise

    known = network.known("mobilefacenet-foamliu").pixels
    pixels = torch.randint(0, 256, (3, 112, 112, 3), dtype=torch.uint8)
    wanted = torch.from_numpy(known.apply(pixels.numpy())).permute(0, 3, 1, 2)
    torch.testing.assert_close(normalise(pixels, known), wanted, atol=1e-4, rtol=0)
    varied = augment(pixels, torch.Generator().manual_seed(1), known)
    plain = augment(pixels, torch.Generator().manual_seed(1))
    back = varied * torch.tensor(known.std).reshape(1, 3, 1, 1) + torch.tensor(known.mean).reshape(1, 3, 1, 1)
    torch.testing.assert_close(back, plain * 127.5 + 127.5, atol=1e-3, rtol=0)


def test_the_small_network_costs_a_third_and_has_the_same_outputs() -> None:
    large, small = network.build("phenonet"), network.build("phenonet-small")
    assert network.multiply_adds(small) * 3 < network.multiply_adds(large)
    with torch.no_grad():
        embedding, logits, features = small.eval()(torch.rand(2, 3, 112, 112))
    assert (embedding.shape, logits.shape, features.shape) == ((2, 128), (2, 7), (2, 160, 7, 7))
    maps = torch.einsum("fk,nfhw->nkhw", network.cam_weights(small.state_dict()), features).mean(dim=(2, 3))
    constant = small.classify(small.embed.bias).detach()
    torch.testing.assert_close(maps + constant, logits, atol=1e-4, rtol=1e-4)


def test_the_activation_map_stays_exact_where_places_weigh_differently() -> None:
    one = network.build("phenonet").eval()
    with torch.no_grad():
        one.places.uniform_(-1, 1)
        _, logits, features = one(torch.rand(2, 3, 112, 112))
    maps = torch.einsum("fk,nfhw->nkhw", network.cam_weights(one.state_dict()), features).mean(dim=(2, 3))
    constant = one.classify(one.embed.bias).detach()
    torch.testing.assert_close(maps + constant, logits, atol=1e-4, rtol=1e-4)


def test_only_a_checkpoint_with_the_classes_of_the_bundle_is_evaluated_beside_it(
    tmp_path: Path, phantom_folder: Path
) -> None:
    from firmware.bundle.verify import load_bundle
    from tools.checkpoint import save_state
    from tools.evaluate.cases import by_checkpoint
    from tools.phantom.shape import FaceShape

    bundle = load_bundle(phantom_folder)
    faces = [FaceShape.load().face(np.random.default_rng(n).normal(0, 0.7, 20)) for n in range(3)]
    crops = replace(noise(3), meshes=np.stack(faces).astype(np.float32))
    for name in ("phenonet-small", "mobilefacenet-foamliu"):
        save_state(tmp_path / "seven.pt", network.build(name, 7).state_dict())
        assert by_checkpoint(name, tmp_path / "seven.pt", bundle, crops).found.p.shape == (3, 7)
    for classes in (None, 5):
        save_state(tmp_path / "other.pt", network.build("mobilefacenet", classes).state_dict())
        with pytest.raises(CheckpointError, match="classes of the bundle"):
            by_checkpoint("mobilefacenet", tmp_path / "other.pt", bundle, crops)
    with pytest.raises(TableError, match="measures the face too"):
        by_checkpoint(name, tmp_path / "seven.pt", bundle, noise(3))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_batch_of_which_nothing_is_blurred_or_covered_is_varied_too(count: int) -> None:
    from tools.augment import augment

    pixels = torch.full((count, 112, 112, 3), 200, dtype=torch.uint8)
    for seed in range(8):
        varied = augment(pixels, torch.Generator().manual_seed(seed))
        assert varied.shape == (count, 3, 112, 112)
        assert float(varied.abs().max()) <= 1
