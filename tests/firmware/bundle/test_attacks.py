"""What somebody can do to a stick: each attack on a real folder, refused by its code, the running version untouched.

The device has accepted 1.0.0 of the same people before. Codes: models/README.md and the README's table of errors.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware.bundle.importing import import_bundle
from firmware.bundle.slots import Slots
from firmware.bundle.state import State
from firmware.clock import ManualClock
from firmware.errors import BundleError
from tests.publishing import LATER, PHANTOM, TODAY, People, bundle_of, commit, passes
from tools.bundle.publication import Publication


@dataclass
class Stick:
    """A stick that the attacker holds in his hands. older: what the device accepted before, as it was published."""

    folder: Path
    older: Path
    people: People
    work: Path

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata"

    @property
    def bundle(self) -> Path:
        return self.folder / "phantom-2.0.0"

    def edit(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Change a metadata file, leaving its signatures as they are."""
        path = self.metadata / name
        said = json.loads(path.read_text())
        change(said)
        path.write_text(json.dumps(said))

    def republish(self, version: str = "3.0.0", **more: Any) -> None:
        """Publish another version by other means: see People.publish."""
        self.people.publish(bundle_of(self.work / "made", version), self.folder, **more)


@pytest.fixture
def device(tmp_path: Path) -> State:
    return State(tmp_path / "state" / "bundles")


@pytest.fixture
def stick(tmp_path: Path, device: State) -> Stick:
    people, folder = People(), tmp_path / "stick"
    people.publish(bundle_of(tmp_path / "made", "1.0.0"), folder)
    shutil.copytree(folder, tmp_path / "older")
    import_bundle(people.wanted(folder), device, ManualClock(TODAY), prover=passes)
    people.publish(bundle_of(tmp_path / "made", "1.5.0"), folder)
    import_bundle(people.wanted(folder), device, ManualClock(TODAY), prover=passes)
    Slots(device.folder, clock=ManualClock(TODAY), prover=passes).take(PHANTOM)
    commit(Slots(device.folder, clock=ManualClock(TODAY), prover=passes))
    people.publish(bundle_of(tmp_path / "made", "2.0.0"), folder)
    return Stick(folder, tmp_path / "older", people, tmp_path)


def _unsigned(stick: Stick) -> None:
    stick.edit("3.targets.json", lambda said: said.update(signatures=[]))
    _dated_again(stick, ("root-1",))


def _one_of_two(stick: Stick) -> None:
    stick.edit("3.targets.json", lambda said: said["signatures"].pop())
    _dated_again(stick)


def _same_key_twice(stick: Stick) -> None:
    stick.edit("3.targets.json", lambda said: said["signatures"].__setitem__(1, said["signatures"][0]))
    _dated_again(stick)


def _stranger(stick: Stick) -> None:
    _signed_by(stick, "stranger", "engineer")


def _wrong_role(stick: Stick) -> None:
    """The release key and a root key sign in place of engineer and clinician."""
    _signed_by(stick, "release", "root-1")


def _signed_by(stick: Stick, *names: str) -> None:
    from tuf.api.metadata import Metadata, Targets

    path = stick.metadata / "3.targets.json"
    metadata = Metadata[Targets].from_file(str(path))
    metadata.signatures.clear()
    for one in stick.people.named(*names):
        metadata.sign(one, append=True)
    path.write_bytes(metadata.to_bytes())
    _dated_again(stick)


def _dated_again(stick: Stick, _names: tuple[str, ...] = ()) -> None:
    """The attacker has stolen the release key, too, so that the parts fit each other."""
    from tuf.api.metadata import Metadata, Snapshot, Timestamp

    publication = Publication(stick.folder)
    snapshot = Metadata[Snapshot].from_file(str(stick.metadata / "3.snapshot.json"))
    snapshot.signed.meta = {"targets.json": publication._meta("targets", 3)}
    publication._signed("3.snapshot.json", snapshot, stick.people.named("release"))
    timestamp = Metadata[Timestamp].from_file(str(stick.metadata / "timestamp.json"))
    timestamp.signed.snapshot_meta = publication._meta("snapshot", 3)
    publication._signed("timestamp.json", timestamp, stick.people.named("release"))


def _other_people(stick: Stick) -> None:
    shutil.rmtree(stick.folder)
    People(5).publish(bundle_of(stick.work / "made", "2.0.0"), stick.folder)


def _new_root_of_strangers(stick: Stick) -> None:
    (stick.metadata / "2.root.json").write_bytes(People(5).root(stick.people.root()))


def _root_with_one_signature(stick: Stick) -> None:
    following = json.loads(People(5).root(stick.people.root(), stick.people))
    following["signatures"] = following["signatures"][:3]
    (stick.metadata / "2.root.json").write_text(json.dumps(following))


def _root_that_lets_one_sign(stick: Stick) -> None:
    """By the right people: a device wants two all the same."""
    (stick.metadata / "2.root.json").write_bytes(stick.people.root(stick.people.root(), stick.people, least=1))
    stick.republish()


def _expired(stick: Stick) -> None:
    stick.republish(until=TODAY - timedelta(days=1))


def _rollback(stick: Stick) -> None:
    shutil.rmtree(stick.folder)
    shutil.copytree(stick.older, stick.folder)


def _rollback_of_targets(stick: Stick) -> None:
    """The newest date, but the targets of the first publication."""
    shutil.copy(stick.older / "metadata" / "1.targets.json", stick.metadata / "3.targets.json")


def _rollback_of_snapshot(stick: Stick) -> None:
    shutil.copy(stick.older / "metadata" / "1.snapshot.json", stick.metadata / "3.snapshot.json")


def _freeze(stick: Stick) -> None:
    """What was the newest once, shown again and again after newer ones have been published."""
    stick.republish(until=TODAY + timedelta(days=1))
    (stick.work / "later").touch()


def _mix(stick: Stick) -> None:
    """The manifest of one version with the network of another."""
    other = bundle_of(stick.work / "other", classifier__tflite=b"another network")
    shutil.copy(other / "classifier.tflite", stick.bundle / "classifier.tflite")


def _mixed_manifest(stick: Stick) -> None:
    shutil.copy(stick.older / "phantom-1.0.0" / "manifest.json", stick.bundle / "manifest.json")


def _endless_timestamp(stick: Stick) -> None:
    with (stick.metadata / "timestamp.json").open("ab") as file:
        file.truncate(1 << 34)  # sparse: 16 GiB that take no room


def _endless_network(stick: Stick) -> None:
    with (stick.bundle / "classifier.tflite").open("ab") as file:
        file.truncate(1 << 34)


def _endless_manifest(stick: Stick) -> None:
    with (stick.bundle / "manifest.json").open("ab") as file:
        file.truncate(1 << 34)


def _traversal(stick: Stick) -> None:
    """Rightly signed, so that only the device's own look at names stands in the way."""
    _replaced(stick, lambda said: said["files"].update({"../../../../etc/passwd": said["files"]["gallery.npz"]}))


def _target_outside(stick: Stick) -> None:
    from tuf.api.metadata import Metadata, Targets

    path = stick.metadata / "3.targets.json"
    metadata = Metadata[Targets].from_file(str(path))
    (name,) = metadata.signed.targets
    target = metadata.signed.targets.pop(name)
    metadata.signed.targets["../older/phantom-1.0.0/manifest.json"] = target
    for one in stick.people.named("engineer", "clinician"):
        metadata.sign(one, append=True)
    path.write_bytes(metadata.to_bytes())
    _dated_again(stick)


def _absolute(stick: Stick) -> None:
    _replaced(stick, lambda said: said["files"].update({"/etc/passwd": said["files"]["gallery.npz"]}))


def _case_clash(stick: Stick) -> None:
    _replaced(stick, lambda said: said["files"].update({"Classifier.TFLITE": said["files"]["gallery.npz"]}))


def _replaced(stick: Stick, change: Callable[[dict[str, Any]], object]) -> None:
    """A bundle of the same people with a manifest that no tool of ours would write."""
    manifest = stick.bundle / "manifest.json"
    said = json.loads(manifest.read_text())
    change(said)
    manifest.write_text(json.dumps(said))
    _resigned(stick)


def _resigned(stick: Stick) -> None:
    from tuf.api.metadata import Metadata, TargetFile, Targets

    path = stick.metadata / "3.targets.json"
    metadata = Metadata[Targets].from_file(str(path))
    (name,) = metadata.signed.targets
    custom = metadata.signed.targets[name].unrecognized_fields
    metadata.signed.targets[name] = TargetFile.from_file(name, str(stick.folder / name), ["sha256"])
    metadata.signed.targets[name].unrecognized_fields = custom
    for one in stick.people.named("engineer", "clinician"):
        metadata.sign(one, append=True)
    path.write_bytes(metadata.to_bytes())
    _dated_again(stick)


def _link(path: Path, to: str) -> None:
    path.unlink()
    path.symlink_to(to)


def _linked_network(stick: Stick) -> None:
    shutil.copy(stick.bundle / "classifier.tflite", stick.work / "elsewhere")
    _link(stick.bundle / "classifier.tflite", str(stick.work / "elsewhere"))


def _linked_metadata(stick: Stick) -> None:
    shutil.copy(stick.metadata / "timestamp.json", stick.work / "elsewhere")
    _link(stick.metadata / "timestamp.json", str(stick.work / "elsewhere"))


def _linked_folder(stick: Stick) -> None:
    shutil.move(stick.bundle, stick.work / "elsewhere")
    stick.bundle.symlink_to(stick.work / "elsewhere")


def _linked_memory(stick: Stick) -> None:
    _link(stick.bundle / "classifier.tflite", "/proc/self/mem")


def _device(stick: Stick) -> None:
    (stick.bundle / "classifier.tflite").unlink()
    try:
        os.mknod(stick.bundle / "classifier.tflite", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes device files")


def _pipe(stick: Stick) -> None:
    (stick.bundle / "gallery.npz").unlink()
    os.mkfifo(stick.bundle / "gallery.npz")


def _socket(stick: Stick) -> None:
    (stick.bundle / "gallery.npz").unlink()
    with socket.socket(socket.AF_UNIX) as here:
        os.chdir(stick.bundle)
        here.bind("gallery.npz")


def _folder_for_a_file(stick: Stick) -> None:
    (stick.bundle / "gallery.npz").unlink()
    (stick.bundle / "gallery.npz").mkdir()


def _flipped_bit(stick: Stick) -> None:
    content = bytearray((stick.bundle / "classifier.tflite").read_bytes())
    content[1000] ^= 1
    (stick.bundle / "classifier.tflite").write_bytes(content)


def _half_a_file(stick: Stick) -> None:
    with (stick.bundle / "classifier.tflite").open("r+b") as file:
        file.truncate(1000)


def _missing_file(stick: Stick) -> None:
    (stick.bundle / "novelty.npz").unlink()


def _no_metadata(stick: Stick) -> None:
    (stick.metadata / "3.snapshot.json").unlink()


def _nested_json(stick: Stick) -> None:
    (stick.metadata / "timestamp.json").write_bytes(b"[" * 16_000)


def _no_json(stick: Stick) -> None:
    (stick.metadata / "timestamp.json").write_bytes(b"\xff\xfe not json")


def _rehashed(stick: Stick) -> None:
    """A network of the attacker's, with its hash put into the manifest."""
    network = stick.bundle / "classifier.tflite"
    network.write_bytes(b"malice")
    said = json.loads((stick.bundle / "manifest.json").read_text())
    said["files"]["classifier.tflite"] = {"sha256": "0" * 64, "bytes": 6}
    (stick.bundle / "manifest.json").write_text(json.dumps(said))


ATTACKS: dict[str, tuple[Callable[[Stick], None], str]] = {
    "nobody has signed": (_unsigned, "BUN-05"),
    "one of two signatures": (_one_of_two, "BUN-05"),
    "one key counted twice": (_same_key_twice, "BUN-09"),
    "a stranger's signature": (_stranger, "BUN-05"),
    "signatures of other roles": (_wrong_role, "BUN-05"),
    "other people altogether": (_other_people, "BUN-05"),
    "a new root by strangers": (_new_root_of_strangers, "BUN-05"),
    "a new root with too few of the old signatures": (_root_with_one_signature, "BUN-05"),
    "a root that lets one alone release": (_root_that_lets_one_sign, "BUN-05"),
    "expired": (_expired, "BUN-06"),
    "rollback to an older publication": (_rollback, "BUN-07"),
    "rollback of the targets alone": (_rollback_of_targets, "BUN-09"),
    "rollback of the snapshot alone": (_rollback_of_snapshot, "BUN-09"),
    "freeze on an old date": (_freeze, "BUN-06"),
    "mix and match of files": (_mix, "BUN-09"),
    "mix and match of manifests": (_mixed_manifest, "BUN-09"),
    "endless timestamp": (_endless_timestamp, "BUN-09"),
    "endless network": (_endless_network, "BUN-09"),
    "endless manifest": (_endless_manifest, "BUN-09"),
    "path traversal in the manifest": (_traversal, "BUN-03"),
    "path traversal in the targets": (_target_outside, "BUN-09"),
    "absolute path": (_absolute, "BUN-03"),
    "names that differ in case": (_case_clash, "BUN-03"),
    "link in place of the network": (_linked_network, "BUN-09"),
    "link in place of metadata": (_linked_metadata, "BUN-09"),
    "link in place of a folder": (_linked_folder, "BUN-09"),
    "link to the device's memory": (_linked_memory, "BUN-09"),
    "device file": (_device, "BUN-09"),
    "pipe that never ends": (_pipe, "BUN-09"),
    "socket": (_socket, "BUN-09"),
    "folder for a file": (_folder_for_a_file, "BUN-09"),
    "one bit flipped": (_flipped_bit, "BUN-09"),
    "half a file": (_half_a_file, "BUN-09"),
    "missing file": (_missing_file, "BUN-09"),
    "missing metadata": (_no_metadata, "BUN-09"),
    "metadata nested without end": (_nested_json, "BUN-09"),
    "metadata that is no JSON": (_no_json, "BUN-09"),
    "own network with its own hash": (_rehashed, "BUN-09"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused_by_its_code_and_changes_nothing(
    attack: str, stick: Stick, device: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stick.work)
    act, code = ATTACKS[attack]
    before = device.read()
    act(stick)
    clock = ManualClock(TODAY + timedelta(days=2)) if (stick.work / "later").exists() else ManualClock(TODAY)
    with pytest.raises(BundleError) as caught:
        import_bundle(stick.people.wanted(stick.folder), device, clock, prover=passes)
    assert str(caught.value).startswith(code), caught.value
    assert "\n" not in str(caught.value)
    after = device.read()
    assert after.slots[after.good] == before.slots[before.good]
    assert not after.trial
    assert Slots(device.folder, clock=clock, prover=passes).take(PHANTOM).slot.version == "1.5.0"


def test_unspoilt_stick_is_taken(stick: Stick, device: State) -> None:
    """What the attacks are attacks on: without one it is installed."""
    done = import_bundle(stick.people.wanted(stick.folder), device, ManualClock(TODAY), prover=passes)
    assert (done.slot.version, done.new) == ("2.0.0", True)
    assert LATER > TODAY


def test_stick_that_is_changed_after_it_was_verified_changes_nothing(stick: Stick, device: State) -> None:
    def swap(step: str, _done: int, _of: int) -> None:
        if step == "prove":
            for path in stick.bundle.iterdir():
                path.write_bytes(b"malice")

    import_bundle(stick.people.wanted(stick.folder), device, ManualClock(TODAY), swap, passes)
    running = Slots(device.folder, clock=ManualClock(TODAY), prover=passes).take(PHANTOM)
    assert running.bundle.model == (PHANTOM / "classifier.tflite").read_bytes()


def test_folder_that_is_swapped_while_it_is_read_is_not_followed(stick: Stick, device: State) -> None:
    def swap(step: str, done: int, _of: int) -> None:
        if step == "verify" and not done:
            shutil.move(stick.folder, stick.work / "real")
            shutil.copytree(stick.older, stick.folder)

    slot = import_bundle(stick.people.wanted(stick.folder), device, ManualClock(TODAY), swap, passes).slot
    assert slot.version == "2.0.0"


def test_archive_that_unpacks_to_terabytes_is_refused(stick: Stick, tmp_path: Path) -> None:
    """Rightly signed: the device's own reader stands in the way, and does so in the process that tries the bundle."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("embeddings.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    stick.people.publish(bundle_of(tmp_path / "bomb", "4.0.0", gallery__npz=packed.getvalue()), stick.folder)
    with pytest.raises(BundleError, match=r"BUN-13.*unpacks to more than 256 MiB"):
        import_bundle(stick.people.wanted(stick.folder), State(tmp_path / "fresh"), ManualClock(TODAY))
