"""The archive: what was sealed comes out, what was touched does not."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import pyrage
import pytest

from firmware.errors import ArchiveError, ArchiveLockedError, ArchiveNewerError, ArchiveOriginError
from kiosk.records.export.archive import BLOCK, LIST, NUMBERED, Archive, write_archive
from kiosk.records.export.listing import Origin, Row, write_listing
from kiosk.records.identity import Identity

IDENTITY = pyrage.x25519.Identity.generate()
DEVICE = Identity(bytes(32))
ORIGIN = Origin("d3" * 16, DEVICE.public, "2026-05-01T10:00:00+00:00", time_trusted=False, audit_head="3:" + "ab" * 32)
SMALL = 250
"""Bytes of a block: the three records below take three."""
IDS = tuple(f"{n:032x}" for n in range(3))


def seal(content: bytes) -> bytes:
    return bytes(pyrage.encrypt(content, [IDENTITY.to_public()]))


def written(records: dict[str, bytes] | None = None) -> bytes:
    found = {name: seal(f"record {name}".encode()) for name in IDS} if records is None else records
    file = io.BytesIO()
    write_archive(file, found.items(), ORIGIN, seal, DEVICE, SMALL)
    return file.getvalue()


def archive(folder: Path, content: bytes) -> Archive:
    path = folder / "archive.zip"
    path.write_bytes(content)
    return Archive(path, [IDENTITY])


def changed(content: bytes, name: str, blob: bytes | None, *, compressed: bool = False) -> bytes:
    """The archive with one entry replaced, or without it."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if blob is not None:
            new.writestr(name, blob, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    return file.getvalue()


def test_everything_comes_out_again(tmp_path: Path) -> None:
    with archive(tmp_path, written()) as found:
        assert found.origin == ORIGIN
        assert found.ids == IDS
        assert dict(found.records()) == {name: f"record {name}".encode() for name in IDS}


def test_nothing_of_a_record_is_readable_from_outside() -> None:
    content = written()
    assert b"record 0" not in content
    assert ORIGIN.audit_head.encode() not in content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert b"give it to the nearest health post" in packed.read("READ-ME.txt")


def outside(*sizes: int) -> list[tuple[str, int, tuple[int, ...]]]:
    """What everybody sees of an archive of records of these sizes, as it is written on a stick."""
    file = io.BytesIO()
    records = [(f"{n:032x}", bytes(size)) for n, size in enumerate(sizes)]
    write_archive(file, records, ORIGIN, seal, DEVICE)
    assert ORIGIN.device.encode() not in file.getvalue()
    with zipfile.ZipFile(file) as packed:
        # age adds some random bytes to every header, of which it says that they mean nothing
        return [(entry.filename, entry.file_size >> 14, entry.date_time) for entry in packed.infolist()]


def test_from_outside_nobody_tells_how_many_records_or_which_have_a_photo() -> None:
    one_with_a_photo, many_without = outside(700_000), outside(*[3_000] * 200)
    assert one_with_a_photo == many_without
    assert {entry[2] for entry in one_with_a_photo} == {(1980, 1, 1, 0, 0, 0)}
    assert len({entry[1] for entry in one_with_a_photo[1:]}) == 1, "blocks and list are of one size"
    assert len(outside(BLOCK, BLOCK)) == len(one_with_a_photo) + 1


def test_records_of_any_size_come_out_again(tmp_path: Path) -> None:
    for blobs in ([], [b""], [b"x" * SMALL], [b"x" * (SMALL - 200)] * 5, [b"x" * 3000, b"", b"y"], [bytes(1000)] * 2):
        records = {f"{n:032x}": blob for n, blob in enumerate(blobs)}
        content = written({name: seal(blob) for name, blob in records.items()})
        with archive(tmp_path, content) as found:
            assert dict(found.records()) == records


def test_a_readable_export_is_named_as_what_it_is(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("records/x/record.json", "{}")
    with pytest.raises(ArchiveError, match="a readable export"):
        archive(tmp_path, file.getvalue())


def test_another_programme_cannot_open_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(written())
    with pytest.raises(ArchiveLockedError):
        Archive(path, [pyrage.x25519.Identity.generate()])


def test_after_a_rotation_either_identity_may_be_the_one(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(written())
    with Archive(path, [pyrage.x25519.Identity.generate(), IDENTITY]) as found:
        assert len(found.ids) == len(IDS)


@pytest.mark.parametrize(
    ("name", "blob"),
    [
        (NUMBERED.format(2), None),
        (NUMBERED.format(2), b"something else"),
        (NUMBERED.format(2), seal(b"short")),
        (NUMBERED.format(2), seal(bytes(SMALL))),
        (NUMBERED.format(3), seal(b"x" * SMALL)),
        (NUMBERED.format(4), seal(bytes(SMALL))),
        (LIST, None),
        (LIST, b""),
        (LIST, seal(b"no list")),
        (LIST, seal(b"[]")),
        (LIST, seal(b'{"format": "1"}')),
        (LIST, seal(b"[" * 100_000)),
        (LIST, seal(bytes(64) + b"[" * 100_000)),
        (LIST, seal(bytes(64) + b'{"format": true}')),
        ("../../etc/passwd", b"x"),
    ],
)
def test_an_archive_that_was_touched_is_refused(tmp_path: Path, name: str, blob: bytes | None) -> None:
    with pytest.raises(ArchiveError), archive(tmp_path, changed(written(), name, blob)) as found:
        list(found.records())


def test_a_list_of_a_newer_format_says_so(tmp_path: Path) -> None:
    newer = seal(bytes(64) + json.dumps({"format": 2}).encode())
    with pytest.raises(ArchiveNewerError):
        archive(tmp_path, changed(written(), LIST, newer))


def listed(origin: Origin, identity: Identity, *rows: Row) -> bytes:
    return seal(write_listing(origin, rows, identity, SMALL))


ROWS = tuple(Row(name, "00" * 32, 100) for name in IDS)
OTHER = Identity(bytes([1]) * 32)


@pytest.mark.parametrize(
    "odd",
    [
        {"device": "\x1b[2J"},
        {"device": "../../x"},
        {"made_at": "\x1b[31m"},
        {"made_at": "2026-05-01"},
        {"time_trusted": 1},
        {"audit_head": "3:xyz"},
        {"public": "00"},
    ],
)
def test_a_list_that_says_nonsense_of_its_origin_is_refused(tmp_path: Path, odd: dict[str, object]) -> None:
    nonsense = listed(dataclasses.replace(ORIGIN, **odd), DEVICE, *ROWS)  # type: ignore[arg-type]
    with pytest.raises(ArchiveError):
        archive(tmp_path, changed(written(), LIST, nonsense))


@pytest.mark.parametrize(
    "odd", [{"id": "../../x"}, {"sha256": "ab"}, {"bytes": -1}, {"bytes": 1 << 40}, {"id": IDS[0]}]
)
def test_a_list_that_says_nonsense_of_a_record_is_refused(tmp_path: Path, odd: dict[str, object]) -> None:
    rows = (*ROWS[:-1], dataclasses.replace(ROWS[-1], **odd))  # type: ignore[arg-type]
    with pytest.raises(ArchiveError):
        archive(tmp_path, changed(written(), LIST, listed(ORIGIN, DEVICE, *rows)))


def test_a_list_that_somebody_else_has_signed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveOriginError):
        archive(tmp_path, changed(written(), LIST, listed(ORIGIN, OTHER, *ROWS)))


def test_an_archive_of_no_known_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(written())
    with Archive(path, [IDENTITY], {ORIGIN.device: DEVICE.public}) as found:
        assert len(found.ids) == len(IDS)
    for devices in ({}, {ORIGIN.device: OTHER.public}, {"d4" * 16: DEVICE.public}):
        with pytest.raises(ArchiveOriginError, match=r"^ARC-04 "):
            Archive(path, [IDENTITY], devices)


def test_an_entry_that_would_unpack_to_more_is_refused(tmp_path: Path) -> None:
    bomb = changed(written(), NUMBERED.format(1), bytes(1 << 20), compressed=True)
    with pytest.raises(ArchiveError), archive(tmp_path, bomb) as found:
        list(found.records())


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"nothing of the kind", b"PK\x03\x04" * 9])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArchiveError):
        archive(tmp_path, content)


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.zip"):
        with pytest.raises(ArchiveError):
            Archive(path, [IDENTITY])


def test_no_cut_and_no_flipped_bit_gives_another_record(tmp_path: Path) -> None:
    whole = written()
    true = {name: f"record {name}".encode() for name in IDS}
    spoilt = [whole[:n] for n in range(0, len(whole), 37)]
    spoilt += [whole[:n] + bytes([whole[n] ^ 1 << n % 8]) + whole[n + 1 :] for n in range(0, len(whole), 3)]
    for content in spoilt:
        try:
            with archive(tmp_path, content) as found:
                assert dict(found.records()) == true  # a flip in what ZIP does not need
                assert found.origin == ORIGIN
        except ArchiveError:
            pass
