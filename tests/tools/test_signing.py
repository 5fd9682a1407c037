"""From keys to a publication, as those who release a bundle do it, each at his own machine."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware.bundle.anchor import DEMONSTRATION, anchor_of
from firmware.bundle.importing import Wanted, import_bundle
from firmware.bundle.state import State
from firmware.clock import ManualClock
from firmware.errors import BundleError, KioskError
from tests.conftest import REPOSITORY
from tests.publishing import PHANTOM, SHIPPED, TODAY, bundle_of, passes

signing = pytest.importorskip("tools.bundle.__main__", reason="the workshop is not installed")
NAMES = ("root-1", "root-2", "root-3", "engineer", "clinician", "release")


def run(*words: object) -> None:
    assert signing.main([str(word) for word in words]) == 0


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everybody's key, each with a passphrase."""
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "correct horse")
    for name in NAMES:
        run("key", name, "--out", tmp_path / "keys")
    return tmp_path / "keys"


def names(keys: Path) -> list[str]:
    return [",".join(str(keys / f"{n}.pub") for n in group) for group in (NAMES[:3], NAMES[3:5], NAMES[5:])]


@pytest.fixture
def root(keys: Path, tmp_path: Path) -> Path:
    path = tmp_path / "root.json"
    run("root", path, "--names", *names(keys), "--until", "2030-01-01")
    run("root", path, "--key", keys / "root-1.key")
    run("root", path, "--key", keys / "root-3.key")
    return path


def signed(tmp_path: Path, keys: Path, root: Path, version: str = "1.0.0", *more: object) -> Path:
    """A publication, made one person at a time."""
    bundle, publication = bundle_of(tmp_path / f"made-{version}", version), tmp_path / "publication"
    on = ("--publication", publication, "--published", "2026-12-01")
    run("sign", bundle, *on, *(("--root", root) if root else ()), "--key", keys / "engineer.key")
    run("sign", bundle, *on, "--key", keys / "clinician.key")
    run("publish", publication, "--key", keys / "release.key", "--until", "2028-01-01", "--trusted", root, *more)
    return publication


def test_way_from_keys_to_a_device(tmp_path: Path, keys: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publication = signed(tmp_path, keys, root)
    out = capsys.readouterr().out
    assert "signatures wanted of clinician" in out
    assert "phantom 1.0.0, signed, published 2026-12-01" in out
    wanted = Wanted(publication, anchor_of(root))
    done = import_bundle(wanted, State(tmp_path / "state"), ManualClock(TODAY), prover=passes)
    assert done.slot.version == "1.0.0"


def test_private_key_opens_with_its_passphrase_only(keys: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    assert b"ENCRYPTED" in (keys / "engineer.key").read_bytes()
    assert (keys / "engineer.key").stat().st_mode & 0o077 == 0
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "wrong")
    with pytest.raises(KioskError, match=r"engineer\.key does not open"):
        run("root", root, "--key", keys / "engineer.key")
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "")
    with pytest.raises(KioskError, match="passphrase"):
        run("key", "another", "--out", keys)


def test_same_inputs_give_the_same_publication(tmp_path: Path, keys: Path, root: Path) -> None:
    one = signed(tmp_path, keys, root)
    shutil.move(one, tmp_path / "first")
    again = signed(tmp_path, keys, root)
    names = [str(p.relative_to(again)) for p in again.rglob("*") if p.is_file()]
    assert filecmp.cmpfiles(tmp_path / "first", again, names, shallow=False) == (names, [], [])


def test_draft_that_one_has_signed_is_not_seen_by_devices(tmp_path: Path, keys: Path, root: Path) -> None:
    publication = signed(tmp_path, keys, root)
    bundle = bundle_of(tmp_path / "made-2", "2.0.0")
    run("sign", bundle, "--publication", publication, "--published", "2026-12-02", "--key", keys / "engineer.key")
    wanted = Wanted(publication, anchor_of(root))
    done = import_bundle(wanted, State(tmp_path / "state"), ManualClock(TODAY), prover=passes)
    assert done.slot.version == "1.0.0"
    with pytest.raises(KioskError, match="signatures are missing: clinician"):
        run("publish", publication, "--key", keys / "release.key", "--trusted", root)


def test_newer_bundle_replaces_the_older_one_of_its_id(tmp_path: Path, keys: Path, root: Path) -> None:
    signed(tmp_path, keys, root)
    publication = signed(tmp_path, keys, root, "2.0.0")
    targets = json.loads((publication / "metadata" / "2.targets.json").read_text())["signed"]["targets"]
    assert list(targets) == ["phantom-2.0.0/manifest.json"]


def test_root_is_replaced_by_one_that_the_old_one_signed(tmp_path: Path, keys: Path, root: Path) -> None:
    signed(tmp_path, keys, root)
    run("key", "engineer-2", "--out", keys)
    following = tmp_path / "2.json"
    groups = names(keys)
    groups[1] = groups[1].replace("engineer.pub", "engineer-2.pub")
    run("root", following, "--names", *groups, "--after", root, "--key", keys / "root-1.key")
    run("root", following, "--key", keys / "root-2.key")
    shutil.copy(keys / "engineer-2.key", keys / "engineer.key")
    shutil.copy(keys / "engineer-2.pub", keys / "engineer.pub")
    bundle, publication = bundle_of(tmp_path / "made-2", "2.0.0"), tmp_path / "publication"
    run(
        "sign",
        bundle,
        "--publication",
        publication,
        "--root",
        following,
        "--key",
        keys / "engineer.key",
        "--key",
        keys / "clinician.key",
    )
    run("publish", publication, "--key", keys / "release.key", "--until", "2028-01-01", "--trusted", root)


def test_who_may_not_release_is_told(tmp_path: Path, keys: Path, root: Path) -> None:
    bundle = bundle_of(tmp_path / "made")
    with pytest.raises(KioskError, match="release may not release bundles"):
        run("sign", bundle, "--publication", tmp_path / "p", "--root", root, "--key", keys / "release.key")


@pytest.mark.parametrize("groups", [(0, 0, 1), (2, 2, 1), (3, 1, 1)])
def test_root_of_too_few_people_is_not_made(groups: tuple[int, int, int], keys: Path, tmp_path: Path) -> None:
    words = [",".join([str(keys / "root-1.pub")] * max(n, 1)) for n in groups]
    with pytest.raises(KioskError, match="different keys"):
        run("root", tmp_path / "r.json", "--names", *words)


def test_mistakes_end_in_one_line(tmp_path: Path, keys: Path, root: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words in (
        ("sign", tmp_path / "empty", "--publication", tmp_path / "p", "--root", root),
        ("sign", bundle_of(tmp_path / "b"), "--publication", tmp_path / "q", "--key", keys / "engineer.key"),
        ("publish", tmp_path / "empty", "--key", keys / "release.key"),
        ("verify", tmp_path / "empty"),
        ("root", tmp_path / "none.json", "--key", keys / "root-1.key"),
        ("root", root, "--key", tmp_path / "nobody.key"),
        ("key", "engineer", "--out", keys),
    ):
        with pytest.raises(KioskError) as caught:
            run(*words)
        assert "\n" not in str(caught.value)


def test_what_ships_is_signed_by_the_published_keys(capsys: pytest.CaptureFixture[str]) -> None:
    run("verify", PHANTOM.parent)
    run("inspect", PHANTOM.parent)
    out = capsys.readouterr().out
    assert f"phantom/manifest.json: phantom {SHIPPED}, signed" in out and "not clinical" in out
    assert not anchor_of(DEMONSTRATION).may_be_clinical


def test_published_keys_never_release_a_clinical_bundle(tmp_path: Path) -> None:
    """Not even by a new root that they sign themselves."""
    keys = PHANTOM.parent / "keys"
    bundle = bundle_of(tmp_path / "made", "9.0.0", lambda stated: stated.update(clinical=True))
    publication = tmp_path / "publication"
    following = tmp_path / "2.json"
    roots = ("--key", keys / "root-1.key", "--key", keys / "root-2.key")
    run("root", following, "--names", *names(keys), "--after", DEMONSTRATION, *roots)
    run("sign", bundle, "--publication", publication, "--root", DEMONSTRATION, "--key", keys / "engineer.key")
    run("sign", bundle, "--publication", publication, "--root", following, "--key", keys / "clinician.key")
    run("publish", publication, "--key", keys / "release.key")
    with pytest.raises(BundleError, match="BUN-12"):
        import_bundle(Wanted(publication, anchor_of(DEMONSTRATION)), State(tmp_path / "state"), ManualClock(TODAY))


def released_again(into: Path) -> Path:
    """The shipped bundle, released once more by its command."""
    shutil.copytree(PHANTOM, into, ignore=shutil.ignore_patterns("frames", "turning"))
    run("release", into, "--version", SHIPPED, "--epoch", "1", "--golden", PHANTOM / "frames")
    return into


def test_release_of_a_bundle_gives_the_same_bytes_again(tmp_path: Path) -> None:
    """And the shipped one's, but for the golden faces: Face Mesh rounds differently on another processor."""
    first, second = released_again(tmp_path / "first"), released_again(tmp_path / "second")
    names = [path.name for path in first.iterdir()]
    assert filecmp.cmpfiles(first, second, names, shallow=False)[1:] == ([], [])
    differing = filecmp.cmpfiles(PHANTOM, first, names, shallow=False)
    assert set(differing[1]) <= {"golden.npz", "manifest.json"} and differing[2] == []
    shipped, made = (json.loads((folder / "manifest.json").read_bytes()) for folder in (PHANTOM, first))
    golden = [stated["files"].pop("golden.npz")["bytes"] for stated in (shipped, made)]
    assert shipped == made and golden[0] == pytest.approx(golden[1], rel=0.01)


def test_golden_faces_of_another_processor_are_the_shipped_ones_but_for_rounding(tmp_path: Path) -> None:
    with np.load(PHANTOM / "golden.npz") as shipped, np.load(released_again(tmp_path / "made") / "golden.npz") as made:
        assert np.abs(shipped["crops"].astype(int) - made["crops"].astype(int)).mean() < 0.5
        assert (shipped["embeddings"] * made["embeddings"]).sum(axis=1).min() > 0.99
        assert shipped["labels"].tolist() == made["labels"].tolist()


@pytest.mark.parametrize("command", ["bundle", "flash", "gallery"])
def test_who_signs_and_flashes_needs_no_torch(command: str) -> None:
    """2.3 GB that a clinical approver's laptop, and the virtual Raspberry Pi's sticks, do without."""
    program = f"import sys; sys.modules['torch'] = None; import tools.{command}.__main__"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_bundle_that_was_signed_is_not_changed_in_silence(
    tmp_path: Path, keys: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tools.gallery.__main__ import main as gallery

    publication = signed(tmp_path, keys, root)
    known = gallery_ids(publication / "phantom-1.0.0")
    assert gallery(["remove", str(publication / "phantom-1.0.0"), "--image", known[0]]) == 0
    assert "was signed, and is not any more" in capsys.readouterr().err


def gallery_ids(bundle: Path) -> tuple[str, ...]:
    from firmware.bundle.verify import load_bundle
    from firmware.syndrome.gallery import references_of

    return references_of(load_bundle(bundle)).image_ids


def test_copy_of_a_bundle_may_name_another_face_mesh_and_carry_its_file(tmp_path: Path) -> None:
    from firmware.bundle.verify import load_bundle

    copy, task = tmp_path / "phantom", tmp_path / "face_landmarker.task"
    shutil.copytree(PHANTOM, copy, ignore=shutil.ignore_patterns("frames", "turning"))
    task.write_bytes(b"a task")
    words = ("--version", f"{SHIPPED}+landmarker", "--epoch", "1", "--golden", PHANTOM / "frames")
    run("release", copy, *words, "--mesh", "mediapipe-face-landmarker-1", "--task", task)
    bundle = load_bundle(copy)
    assert bundle.manifest.mesh_backend == "mediapipe-face-landmarker-1"
    assert bundle.contents["face_landmarker.task"] == b"a task"


def test_mistake_leaves_the_publication_as_it_was(tmp_path: Path, keys: Path, root: Path) -> None:
    publication = signed(tmp_path, keys, root)
    before = {path: path.read_bytes() for path in publication.rglob("*") if path.is_file()}
    bundle, unsigned = bundle_of(tmp_path / "made-2", "2.0.0"), tmp_path / "unsigned.json"
    run("root", unsigned, "--names", *names(keys), "--after", root)
    for words in (
        ("publish", publication, "--key", keys / "engineer.key"),
        ("publish", publication),
        ("sign", bundle, "--publication", publication, "--key", keys / "release.key"),
        ("sign", bundle, "--publication", publication, "--key", keys / "nobody.key"),
        ("sign", bundle, "--publication", publication, "--root", unsigned, "--key", keys / "engineer.key"),
    ):
        with pytest.raises(KioskError):
            run(*words)
        assert {path: path.read_bytes() for path in publication.rglob("*") if path.is_file()} == before
