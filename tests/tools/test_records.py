"""The centre: keys are made once, archives open whole or not at all, a wrong file is one line."""

from __future__ import annotations

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pyrage
import pytest
from fhir.resources.R4B.bundle import Bundle
from google.protobuf.json_format import ParseDict
from phenopackets import Phenopacket

from firmware.errors import ArchiveError, ArchiveLockedError, ArchiveOriginError
from firmware.face.align import TEMPLATE
from kiosk.records import entry
from kiosk.records.encoding import pack, parts_of, record_json
from kiosk.records.export.archive import write_archive
from kiosk.records.export.listing import Origin
from kiosk.records.export.phenopacket import missing
from kiosk.records.followup import FollowUp, Noted
from kiosk.records.identity import Identity
from kiosk.records.record import Consent, Pictures, Record
from kiosk.records.reset import answer
from tests.kiosk.records.factories import photo_set, record
from tools.errors import DataAbsentError, KeyFileError, OutputError, UsageError
from tools.records.__main__ import main
from tools.records.keys import make_keys, read_devices, read_identities, read_signing

HEAD = "7:" + "cd" * 32
DEVICE = Identity(bytes(32))
ORIGIN = Origin("d3" * 16, DEVICE.public, "2026-05-01T10:00:00+00:00", time_trusted=False, audit_head=HEAD)
CROP = cv2.imencode(".png", np.full((112, 112, 3), 90, np.uint8))[1].tobytes()
PHOTO = cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1].tobytes()
TAKEN = Pictures(PHOTO, CROP, tuple((2 * x, 2 * y) for x, y in TEMPLATE))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_keys(tmp_path / "keys")
    return tmp_path / "keys"


def archive_of(keys: Path, path: Path, records: dict[str, bytes]) -> Path:
    """An archive for the programme of these keys."""
    to = read_identities([keys / "identity.txt"])[0].to_public()
    with path.open("wb") as file:
        sealed = ((name, bytes(pyrage.encrypt(content, [to]))) for name, content in records.items())
        write_archive(file, sealed, ORIGIN, lambda content: bytes(pyrage.encrypt(content, [to])), DEVICE)
    return path


def two() -> tuple[Record, Record]:
    """One record with consent to photos, one without."""
    return record("A-1"), dataclasses.replace(record("A-2"), consent=Consent())


def test_an_archive_becomes_a_folder_of_forms(keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agreed, plain = two()
    path = archive_of(
        keys, tmp_path / "a.zip", {agreed.id: pack(parts_of(agreed, TAKEN)), plain.id: pack(parts_of(plain, None))}
    )
    out = tmp_path / "out"
    assert main(["open", str(path), "--identity", str(keys / "identity.txt"), "--out", str(out)]) == 0
    assert "2 records" in capsys.readouterr().out
    for one in (agreed, plain):
        folder = out / "records" / one.id
        values = json.loads((folder / "record.json").read_text())
        assert values["camp_number"] == one.camp_number
        assert values["audit_head"] == HEAD
        Bundle.model_validate_json((folder / "fhir.json").read_text())
        packet = ParseDict(json.loads((folder / "phenopacket.json").read_text()), Phenopacket())
        assert list(missing(packet)) == []
    assert [path.name for path in (out / "gestaltmatcher" / "photos").iterdir()] == [f"{agreed.id}.jpg"]
    rows = list(csv.DictReader((out / "gestaltmatcher" / "metadata.csv").read_text().splitlines()))
    assert [row["image_id"] for row in rows] == [agreed.id]


def test_photos_and_outcomes_lie_beside_the_screenings(keys: Path, tmp_path: Path) -> None:
    photos, jpegs = photo_set("A-1")
    noted = Noted.of("A-1", FollowUp(photos.at, time_trusted=True, said="confirmed"))
    path = archive_of(
        keys,
        tmp_path / "a.zip",
        {photos.id: entry.pack(entry.parts_of(photos, jpegs)), noted.id: entry.pack(entry.parts_of(noted, None))},
    )
    out = tmp_path / "out"
    main(["open", str(path), "--identity", str(keys / "identity.txt"), "--out", str(out)])
    assert json.loads((out / "records" / noted.id / "outcome.json").read_text())["followup"]["said"] == "confirmed"
    told = json.loads((out / "records" / photos.id / "photoset.json").read_text())
    assert (told["audit_head"], len(told["shots"])) == (HEAD, len(jpegs))
    written = out / "gestaltmatcher" / "photos"
    assert {path.name: path.read_bytes() for path in written.glob("*.jpg")} == {
        f"{photos.id}_{pose}.jpg": jpeg for pose, jpeg in jpegs.items()
    }


def test_a_set_with_another_photo_than_it_names_leaves_no_folder(keys: Path, tmp_path: Path) -> None:
    photos, jpegs = photo_set("A-1")
    parts = {**entry.parts_of(photos, jpegs), "photo left45": jpegs["frontal"]}
    path = archive_of(keys, tmp_path / "a.zip", {photos.id: entry.pack(parts)})
    with pytest.raises(ArchiveError, match=photos.id):
        main(["open", str(path), "--identity", str(keys / "identity.txt"), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_a_record_of_two_archives_is_written_once(keys: Path, tmp_path: Path) -> None:
    one, other = two()
    first = archive_of(keys, tmp_path / "a.zip", {one.id: pack(parts_of(one, None))})
    again = archive_of(
        keys, tmp_path / "b.zip", {one.id: pack(parts_of(one, None)), other.id: pack(parts_of(other, None))}
    )
    out = tmp_path / "out"
    main(["open", str(first), str(again), "--identity", str(keys / "identity.txt"), "--out", str(out)])
    assert {path.name for path in (out / "records").iterdir()} == {one.id, other.id}


def test_a_damaged_archive_leaves_no_folder(keys: Path, tmp_path: Path) -> None:
    one, other = two()
    good = archive_of(keys, tmp_path / "a.zip", {one.id: pack(parts_of(one, None))})
    swapped = archive_of(keys, tmp_path / "b.zip", {other.id: pack(parts_of(one, None))})
    nonsense = archive_of(keys, tmp_path / "c.zip", {other.id: b"no record"})
    for bad in (swapped, nonsense):
        with pytest.raises(ArchiveError):
            main(
                ["open", str(good), str(bad), "--identity", str(keys / "identity.txt"), "--out", str(tmp_path / "out")]
            )
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".*"))


def test_list_says_whose_they_are(keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, _ = two()
    path = archive_of(keys, tmp_path / "a.zip", {one.id: pack(parts_of(one, None))})
    main(["list", str(path), "--identity", str(keys / "identity.txt")])
    line = capsys.readouterr().out
    assert f"1 records of device {ORIGIN.device}" in line
    assert "a clock that nobody had set" in line
    assert HEAD in line


def test_only_a_device_of_the_list_is_believed(keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, _ = two()
    path = archive_of(keys, tmp_path / "a.zip", {one.id: pack(parts_of(one, None))})
    devices = tmp_path / "devices.txt"
    asked = ["open", str(path), "--identity", str(keys / "identity.txt"), "--devices", str(devices), "--out"]
    devices.write_text(f"# camp 1\ndevice {ORIGIN.device} {Identity(bytes([1]) * 32).public}\n")
    with pytest.raises(ArchiveOriginError):
        main([*asked, str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
    devices.write_text(f"# camp 1\ndevice {ORIGIN.device} {DEVICE.public}\n")
    main([*asked, str(tmp_path / "out")])
    assert "origin checked" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["open", "list"])
def test_without_a_list_of_devices_it_says_that_nobody_checked(
    keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = archive_of(keys, tmp_path / "a.zip", {})
    out = ["--out", str(tmp_path / "out")] if command == "open" else []
    main([command, str(path), "--identity", str(keys / "identity.txt"), *out])
    assert "ORIGIN NOT CHECKED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["x", "device", f"{'d3' * 16} 00", f"{'d3' * 16} {'ab' * 32}\n{'d3' * 16} {'cd' * 32}"]
)
def test_a_line_that_is_no_device_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "devices.txt").write_text(f"{line}\n")
    with pytest.raises(KeyFileError, match=r"devices\.txt"):
        read_devices(tmp_path / "devices.txt")


def test_another_programmes_key_opens_nothing(keys: Path, tmp_path: Path) -> None:
    make_keys(tmp_path / "others")
    path = archive_of(keys, tmp_path / "a.zip", {})
    with pytest.raises(ArchiveLockedError):
        main(["list", str(path), "--identity", str(tmp_path / "others" / "identity.txt")])


def test_keys_are_for_their_owner_and_never_written_over(keys: Path) -> None:
    for name in ("identity.txt", "signing.txt"):
        assert (keys / name).stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError):
        make_keys(keys)


def test_a_file_where_the_keys_should_go_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError):
        make_keys(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_without_a_folder_the_records_lie_beside_the_archive(keys: Path, tmp_path: Path) -> None:
    one, _ = two()
    (tmp_path / "stick").mkdir()
    path = archive_of(keys, tmp_path / "stick" / "a.zip", {one.id: pack(parts_of(one, None))})
    main(["open", str(path), "--identity", str(keys / "identity.txt")])
    assert (tmp_path / "stick" / "records-d3d3d3d3-00000007" / "records" / one.id / "record.json").exists()


def test_a_folder_that_is_there_is_left_alone(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        main(["open", "a.zip", "--identity", str(keys / "identity.txt"), "--out", str(tmp_path)])


def test_the_token_answers_the_question(keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["token", "device:1234", "--signing", str(keys / "signing.txt")])
    assert capsys.readouterr().out.strip() == answer("device:1234", read_signing(keys / "signing.txt"))


@pytest.mark.parametrize("content", ["", "nothing", "AGE-SECRET-KEY-1AAAA", "a\nb\n", "zz" * 32])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.txt").write_text(content)
    for read in (lambda path: read_identities([path]), read_signing):
        with pytest.raises(KeyFileError, match=r"key\.txt"):
            read(tmp_path / "key.txt")
        with pytest.raises(DataAbsentError):
            read(tmp_path / "nowhere.txt")


def test_an_error_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.records", "list", "nowhere.zip", "--identity", str(tmp_path / "none")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("WRK-01")


@pytest.mark.parametrize("other", [{"age_years": "x"}, {"age_years": float("inf")}, {"sex": "Q"}, {"at": "2026-01-01"}])
def test_a_well_sealed_record_that_says_nonsense_is_named(keys: Path, tmp_path: Path, other: dict[str, object]) -> None:
    one = record("A-1")
    content = pack((json.dumps(record_json(one) | other).encode(), b"", b""))
    path = archive_of(keys, tmp_path / "a.zip", {one.id: content})
    with pytest.raises(ArchiveError, match=one.id):
        main(["open", str(path), "--identity", str(keys / "identity.txt"), "--out", str(tmp_path / "out")])
