"""Known networks have the names and shapes of the public state dicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the workshop needs torch: make setup-workshop")
network = pytest.importorskip("tools.network")
checkpoint = pytest.importorskip("tools.checkpoint")
pytestmark = pytest.mark.workshop

SHARED = Path(__file__).parents[3] / "shared" / "data" / "weights" / "mobilefacenet.pt"
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
IRESNET = {"iresnet50": ((3, 4, 14, 3), 43.6), "iresnet100": ((3, 13, 30, 3), 65.2)}


@pytest.mark.parametrize("name", IRESNET)
def test_iresnet_has_the_names_of_arcface_checkpoints(name: str) -> None:
    depths, millions = IRESNET[name]
    wanted = {"conv1.weight", "prelu.weight", "fc.weight", "fc.bias"}
    wanted |= {f"{norm}.{part}" for norm in ("bn1", "bn2", "features") for part in NORM}
    for stage, blocks in enumerate(depths, start=1):
        for block in range(blocks):
            at = f"layer{stage}.{block}"
            wanted |= {f"{at}.conv1.weight", f"{at}.prelu.weight", f"{at}.conv2.weight"}
            wanted |= {f"{at}.bn{number}.{part}" for number in (1, 2, 3) for part in NORM}
        wanted |= {f"layer{stage}.0.downsample.0.weight"} | {f"layer{stage}.0.downsample.1.{part}" for part in NORM}
    with torch.device("meta"):
        made = network.build(name)
    assert set(made.state_dict()) == wanted
    assert sum(p.numel() for p in made.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
    assert made.state_dict()["fc.weight"].shape == (512, 25088)


@given(block=st.integers(0, 14), part=st.sampled_from(["0.0", "0.1", "1.0", "1.1", "2", "3"]))
def test_foamliu_has_the_names_of_its_state_dict(block: int, part: str) -> None:
    with torch.device("meta"):
        state = network.build("mobilefacenet-foamliu").state_dict()
    assert f"features.{block}.conv.{part}.weight" in state
    assert len(state) == 307
    others = {"conv1.0.weight", "dw_conv.depthwise.weight", "dw_conv.bn2.bias", "gdconv.bn.weight", "conv3.bias"}
    assert others <= set(state)


@pytest.mark.skipif(not SHARED.is_file(), reason="the public weights are not here")
def test_public_weights_load_by_name() -> None:
    filled = checkpoint.fill(network.build("mobilefacenet-foamliu"), checkpoint.load_state(SHARED), SHARED)
    with torch.no_grad():
        embedding, features = filled(torch.zeros(1, 3, 112, 112))
    assert embedding.shape == (1, 128)
    assert features.shape == (1, 512, 7, 7)
    assert float(features.min()) >= 0


def test_every_network_states_its_pixels() -> None:
    assert set(network.NETWORKS) == {"phenonet", "phenonet-small", "mobilefacenet", "mobilefacenet-foamliu", *IRESNET}
    white = network.known("mobilefacenet-foamliu").pixels.apply(torch.full((1, 3), 255).numpy())
    assert white[0].tolist() == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    assert network.known("iresnet100").pixels.apply(torch.zeros(1, 3).numpy())[0].tolist() == [-1.0, -1.0, -1.0]
