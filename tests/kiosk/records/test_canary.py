"""What is put into a screening lies nowhere in plain: state folder, log, temporary files, output, a crash's traceback.

A process screens somebody whose number, PIN, picture and embedding are known, and is killed in the middle of its work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, logging, os, sys, traceback
from dataclasses import replace
from pathlib import Path
from firmware.clock import ManualClock
from firmware.errors import KioskError
from firmware.runtime.worker import Worker
from kiosk.records.encoding import pictures_of, record_json, record_of_json
from kiosk.records.record import Consent
from kiosk.records.followup import FollowUp
from tests.kiosk.records.factories import NOW, photo_set, record, seen
from tests.kiosk.records.opening import opened

logging.basicConfig(level=logging.DEBUG)
told = json.loads(sys.argv[2])
consent = Consent(photos=True, research=True, at=NOW)
kept = replace(record(told["camp number"], consent=consent), reasons=(told["name"],))
pictures = pictures_of(seen())
with open(sys.argv[3], "w") as secrets:
    json.dump({"jpeg": pictures.photo[:16].hex(), "jpeg's middle": pictures.photo[5000:5016].hex(),
               "photo's middle": photo_set()[1]["frontal"][5000:5016].hex(),
               "embedding": list(kept.embedding[:2])}, secrets)
clock = ManualClock(NOW)
kept_open = opened(Path(sys.argv[1]), clock)
vault = kept_open.__enter__()
vault.pin.set(told["pin"])
vault.add(kept, pictures)
vault.add(record("other"))
photos, jpegs = photo_set(told["camp number"])
vault.add(photos, jpegs)
vault.note(told["camp number"], FollowUp(NOW, True, "other", told["name"]))
for visit in vault.visits(told["camp number"]):
    vault.read(visit.id, vault.pin.unlock(told["pin"]))
vault.shelf.find(told["camp number"])
vault.read(kept.id, vault.pin.unlock(told["pin"]))
clock.advance(7200); vault.tend()
for wrong in (lambda: vault.pin.unlock(told["pin"][::-1]), lambda: vault.erase(told["camp number"] + "x"),
              lambda: record_of_json(record_json(kept) | {"outcome": told["name"]})):
    try:
        wrong()
    except KioskError:
        logging.exception("wrong")
def crash():
    held = kept, pictures, told
    vault._database.execute("INSERT INTO record (id) VALUES (?)", held[0].id)
ended = Worker("keep", crash, lambda *_: None)
ended.start(); ended.join(10)
vault.add(replace(kept, id="f" * 32), pictures)
traceback.print_stack()
os.kill(os.getpid(), 6 if sys.argv[4] == "abort" else 9)
"""
TOLD = {"name": "Zyxwvut Qponmlk", "pin": "739182", "camp number": "KANARI-55501"}


def forms(told: dict[str, str], secret: dict[str, object]) -> dict[str, list[bytes]]:
    """Each secret as it could lie somewhere: text in two encodings, bytes, their hex, numbers as text and as floats."""
    import struct

    found = {what: [text.encode(), text.encode("utf-16-le"), text.casefold().encode()] for what, text in told.items()}
    for what in ("jpeg", "jpeg's middle"):
        raw = bytes.fromhex(str(secret[what]))
        found[what] = [raw, raw.hex().encode()]
    numbers = secret["embedding"]
    assert isinstance(numbers, list)
    found["embedding"] = [repr(numbers[0])[:12].encode(), struct.pack("<2f", *numbers), struct.pack("<2d", *numbers)]
    return found


@pytest.mark.parametrize("end", ["kill", "abort"])
def test_nothing_of_a_person_lies_anywhere_in_plain(tmp_path: Path, end: str) -> None:
    state, temporary, secrets = tmp_path / "state", tmp_path / "tmp", tmp_path / "secrets.json"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONFAULTHANDLER": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROGRAM, str(state), json.dumps(TOLD), str(secrets), end]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)
    assert done.returncode in {-9, -6}, done.stderr.decode()
    output = done.stdout + done.stderr
    assert b"Traceback" in output, "the crash was told"
    places = {
        str(path): path.read_bytes() for folder in (state, temporary) for path in folder.rglob("*") if path.is_file()
    }
    assert any(name.endswith("vault.db-wal") and content for name, content in places.items())
    places["output"] = output
    wanted = forms(TOLD, json.loads(secrets.read_text()))
    assert {
        (what, name) for what, ways in wanted.items() for name, has in places.items() for w in ways if w in has
    } == set()


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    wanted = forms(TOLD, {"jpeg": "ffd8ffe000104a46", "jpeg's middle": "00112233", "embedding": [0.123456789, 0.5]})
    text = b"... Zyxwvut Qponmlk 739182 kanari-55501 \xff\xd8\xff\xe0\x00\x10\x4a\x46 00112233 0.123456789"
    assert all(any(way in text for way in ways) for ways in wanted.values())
