"""The table of what is fuzzed. A new reader of foreign data gets a row here."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Fuzzed = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """make: builds what is fuzzed, with a folder it may write to. seeds: good inputs to begin with.

    answers: the errors by which it says that the input is bad. watched: packages whose branches guide the fuzzer.
    """

    make: Callable[[Path], Fuzzed]
    seeds: Callable[[], Sequence[bytes]]
    watched: Sequence[str]
    longest: int = 4096


LARGE_PIXELS = 4_000_000


def photo(_folder: Path) -> Fuzzed:
    """What the decoder's child does with a file; larger pictures are only looked at, not unpacked.

    A few bytes can say 50 megapixels, whose unpacking takes a second by right (the asking side waits 0.2 s for each
    that is promised): they would hide a hang and leave no time for anything else.
    """
    from firmware.decoding.picture import decode
    from firmware.decoding.wire import Kind, RefusedError

    def no_large_one(width: int, height: int) -> None:
        if width * height > LARGE_PIXELS:
            raise RefusedError(Kind.NO_SIZE, "is left out here")

    def fuzzed(data: bytes) -> None:
        with contextlib.suppress(RefusedError):
            picture = decode(data, no_large_one)
            assert len(picture.rgb) == 3 * picture.width * picture.height <= 3 * LARGE_PIXELS

    return fuzzed


def photo_seeds() -> list[bytes]:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    noise = Image.frombytes("RGB", (66, 70), random.Random(1).randbytes(66 * 70 * 3)).resize((80, 64))
    exif, notes = Image.Exif(), PngInfo()
    exif[0x0112], exif[0x011A] = 6, 72.0
    notes.add_text("comment", "x" * 200, zip=True)
    saves: list[tuple[Image.Image, str, dict[str, object]]] = [
        (noise, "JPEG", {"quality": 5, "exif": exif}),
        (noise.convert("CMYK"), "JPEG", {"quality": 5, "progressive": True}),
        (noise, "MPO", {"quality": 5, "save_all": True, "append_images": [noise]}),
        (noise.quantize(8), "PNG", {"transparency": 1, "exif": exif}),
        (noise.convert("LA"), "PNG", {"pnginfo": notes}),
        (Image.new("I;16", (64, 64), 777), "PNG", {}),
    ]
    return [_saved(*save) for save in saves]


def _saved(image: object, kind: str, how: dict[str, object]) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **how)  # type: ignore[attr-defined]
    return into.getvalue()


def answer(_folder: Path) -> Fuzzed:
    """What the asking side does with the words of a child that somebody has taken over."""
    import os
    import time

    from firmware.decoding.decoder import receive
    from firmware.decoding.wire import RefusedError

    def fuzzed(data: bytes) -> None:
        ours, theirs = os.pipe()
        os.write(theirs, data)
        os.close(theirs)
        with contextlib.suppress(RefusedError, EOFError):
            receive(ours, time.monotonic() + 5)
        os.close(ours)

    return fuzzed


def answer_seeds() -> list[bytes]:
    from firmware.decoding.wire import HEAD, Kind

    promised, small = HEAD.pack(Kind.PROMISED, 64, 64), HEAD.pack(Kind.PICTURE, 64, 64)
    return [promised + small + bytes(64 * 64 * 3), small, HEAD.pack(Kind.NO_PHOTO, 0, 5) + b"is no", promised]


def settings(folder: Path) -> Fuzzed:
    """The configuration file, `--set` on the command line, and what the page has left."""
    from firmware.errors import KioskError
    from kiosk.settings import Settings, SettingsDesk

    file, overlay = folder / "kiosk.toml", folder / "settings.toml"

    def fuzzed(data: bytes) -> None:
        file.write_bytes(data)
        with contextlib.suppress(KioskError):
            Settings.load(file)
        with contextlib.suppress(KioskError, UnicodeDecodeError):
            Settings.load(None, [data.decode()])
        overlay.write_bytes(data)
        SettingsDesk(overrides=[f"records.state={folder}"])  # starts whatever the page's layer is

    return fuzzed


def settings_seeds() -> list[bytes]:
    from kiosk.settings import Settings

    return [
        Settings().dump().encode(),
        b'[page]\nport = 8081\nhost = "unix:/run/page"\n[screening]\nprevalence = 1e-3\n',
        b"[page]\nport = " + b"[{a=" * 1500,
        b"[page]\nport = " + b"9" * 4400,
        b"a.b.c = [{d = 1979-05-27T07:32:00Z}, '''x''', 0x1F, inf]\n[[t]]\n",
    ]


def archive(folder: Path) -> Fuzzed:
    """A stick from somewhere: the archive with a key that fits, and what an opened archive lists."""
    import pyrage

    from firmware.errors import KioskError
    from kiosk.records.export.archive import Archive
    from kiosk.records.export.listing import read_listing

    file, identity = folder / "archive.zip", pyrage.x25519.Identity.from_str(IDENTITY)

    def fuzzed(data: bytes) -> None:
        file.write_bytes(data)
        with contextlib.suppress(KioskError), Archive(file, [identity]) as found:
            list(found.records())
        with contextlib.suppress(KioskError):
            read_listing(data, file)

    return fuzzed


IDENTITY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
"""The example key of age's own test suite."""


def archive_seeds() -> list[bytes]:
    import pyrage

    from kiosk.records.export.archive import LIST, write_archive
    from kiosk.records.export.listing import Origin
    from kiosk.records.identity import Identity

    key = pyrage.x25519.Identity.from_str(IDENTITY).to_public()
    into = io.BytesIO()
    sealed = pyrage.encrypt(b"a record", [key])
    device = Identity(bytes(32))
    origin = Origin("ab" * 16, device.public, "2026-01-01T00:00:00+00:00", True, "1:" + "00" * 32)
    listed: list[bytes] = []

    def seal(content: bytes) -> bytes:
        listed.append(content)
        return bytes(pyrage.encrypt(content, [key]))

    write_archive(into, [("ab" * 16, sealed)], origin, seal, device, 64)
    assert LIST in zipfile.ZipFile(into).namelist()
    return [into.getvalue(), *listed, bytes(64) + json.dumps({"format": 1, "records": []}).encode()]


def record(_folder: Path) -> Fuzzed:
    """What the centre does with a well-sealed record: the input alone, and over a good record's fields."""
    from firmware.errors import RecordDamagedError
    from kiosk.records.encoding import record_of_bytes
    from kiosk.records.entry import unpack
    from kiosk.records.export.forms import forms as every_form
    from kiosk.records.followup import noted_of_bytes
    from kiosk.records.photoset_json import photo_set_bytes, photo_set_of_bytes

    good = json.loads(record_seeds()[0])

    def read(content: bytes) -> None:
        with contextlib.suppress(RecordDamagedError):
            list(every_form(record_of_bytes(content), HEAD))
        with contextlib.suppress(RecordDamagedError):
            photo_set_bytes(photo_set_of_bytes(content))
        with contextlib.suppress(RecordDamagedError):
            noted_of_bytes(content)

    def fuzzed(data: bytes) -> None:
        read(data)
        with contextlib.suppress(RecordDamagedError):
            unpack(data)
        if isinstance(other := _json(data), dict):
            read(json.dumps(good | other).encode())

    return fuzzed


def _json(data: bytes) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(data)
    return None


HEAD = "3:" + "ab" * 32


def record_seeds() -> list[bytes]:
    from kiosk.records import entry
    from kiosk.records.encoding import pack, parts_of, record_bytes
    from kiosk.records.followup import FollowUp, Noted, noted_bytes
    from kiosk.records.photoset_json import photo_set_bytes
    from kiosk.records.record import Pictures
    from tests.kiosk.records.factories import NOW, photo_set
    from tests.kiosk.records.factories import record as a_record

    one = a_record()
    photos, _ = photo_set()
    few = {"photoset": photo_set_bytes(photos), "photo frontal": b"a photo"}
    others = [photo_set_bytes(photos), entry.pack(few), noted_bytes(Noted.of("1", FollowUp(NOW, True, "lost")))]
    values = json.loads(record_bytes(one))
    pictures = Pictures(b"a photo", b"a crop", ((1.0, 2.0),) * 5)
    alone = [json.dumps({name: value}).encode() for name, value in values.items()]
    return [record_bytes(one), pack(parts_of(one, pictures)), b"[" * 3000, b'{"age_years": 1e999}', *others, *alone]


def forms(folder: Path) -> Fuzzed:
    """Every request that can be written down; with the page's cookie and token wherever it says @."""
    from tests.fuzz.requests import Requests

    return Requests(folder).ask


def forms_seeds() -> list[bytes]:
    from tests.fuzz.requests import SEEDS

    return SEEDS


READERS = ("kiosk.records.encoding", "kiosk.records.entry", "kiosk.records.reading")
TARGETS: Mapping[str, Target] = {
    "photo": Target(photo, photo_seeds, ["PIL", "firmware.decoding"]),
    "answer": Target(answer, answer_seeds, ["firmware.decoding"], 16_384),
    "settings": Target(settings, settings_seeds, ["tomllib", "kiosk.settings"], 8192),
    "archive": Target(archive, archive_seeds, ["zipfile", "kiosk.records.export"]),
    "record": Target(
        record, record_seeds, ["json", "kiosk.records.encoding", "kiosk.records.entry", "kiosk.records.reading"], 8192
    ),
    "forms": Target(forms, forms_seeds, ["kiosk.pages", "kiosk.session", "werkzeug"], 1024),
}
"""Name -> what is fuzzed."""
