"""Who was here before is told without the PIN, and what became of them is kept as sealed as all else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from firmware.clock import ManualClock
from firmware.errors import DiskFullError, RecordAbsentError, RecordDamagedError, SubjectError
from kiosk.records.database import Database
from kiosk.records.entry import pack, parts_of, unpack
from kiosk.records.export.exporting import export
from kiosk.records.followup import SAID, FollowUp, Noted, Said, noted_bytes, noted_of_bytes
from kiosk.records.sealing import Programme, open_for_programme
from kiosk.records.store import VisitBook, VolatileRecords
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, photo_set, record
from tests.kiosk.records.opening import PIN, live, opened
from tests.kiosk.records.test_erasure import everything

CONFIRMED = FollowUp(NOW + timedelta(days=40), time_trusted=True, said="confirmed", text="karyotype 47,XX,+21")


@pytest.fixture(params=["vault", "memory"])
def book(request: pytest.FixtureRequest, vault: Vault) -> Vault | VolatileRecords:
    """Both stores, which have to say the same."""
    return vault if request.param == "vault" else VolatileRecords()


def test_the_second_visit_is_known_as_such(book: Vault | VolatileRecords) -> None:
    found, jpegs = photo_set(at=NOW + timedelta(days=9))
    book.add(record())
    book.add(found, jpegs)
    book.add(record("B-2"))
    book.note("a-17", CONFIRMED)
    visits = book.visits(" a-17")
    assert [(visit.kind, visit.outcome) for visit in visits] == [
        ("screening", "refer"),
        ("photos", ""),
        ("outcome", ""),
    ]
    assert [visit.at for visit in visits] == [NOW, NOW + timedelta(days=9), CONFIRMED.at]
    assert book.count() == 3, "who comes to tell is not screened"


def test_an_entry_that_another_takes_the_place_of_is_no_visit(book: Vault | VolatileRecords) -> None:
    first, second = record("A-17"), record("A-17", NOW + timedelta(minutes=5))
    book.add(first)
    book.add(second, instead_of=first.id)
    assert [visit.id for visit in book.visits("A-17")] == [second.id]


def test_of_whom_nothing_is_kept_nothing_can_be_noted(book: Vault | VolatileRecords) -> None:
    book.add(record(None))
    for use in (lambda: book.note("A-17", CONFIRMED), lambda: book.note("", CONFIRMED)):
        with pytest.raises(RecordAbsentError, match=r"^REC-09 "):
            use()
    assert book.visits("A-17") == () and book.visits("") == ()


def test_what_became_of_somebody_is_read_by_the_pin_alone(vault: Vault, tmp_path: Path) -> None:
    vault.pin.set(PIN)
    vault.add(record())
    vault.note("A-17", CONFIRMED)
    noted = vault.visits("A-17")[-1]
    assert vault.read(noted.id, vault.pin.unlock(PIN)) == (Noted(noted.id, "A-17", CONFIRMED), None)
    assert [entry.about for entry in vault.audit.entries() if entry.what == "outcome"] == [noted.id]
    vault._database.truncate_log()
    text = everything(tmp_path)
    assert b"karyotype" not in text and b"confirmed" not in text, "also for who has stolen the device's secret"


def test_it_goes_to_the_programme_and_when_its_subject_goes(tmp_path: Path, clock: ManualClock) -> None:
    identity = pyrage.x25519.Identity.generate()
    with opened(tmp_path, clock, programme=Programme(str(identity.to_public()))) as vault:
        vault.add(record())
        (tmp_path / "stick").mkdir()
        list(export(vault, tmp_path / "stick", clock))
        vault.note("A-17", CONFIRMED)
        noted = vault.visits("A-17")[-1]
        assert vault.shelf.sealed_ids() == (noted.id,), "the next export has it"
        entry, _ = unpack(open_for_programme(vault.shelf.sealed(noted.id), [str(identity)]))
        assert isinstance(entry, Noted) and entry.followup == CONFIRMED
        assert vault.erase("A-17") == 2
        assert vault.visits("A-17") == () and vault.shelf.sealed_ids(again=True) == ()


def test_it_can_be_noted_after_the_device_can_no_longer_read_the_record(tmp_path: Path, clock: ManualClock) -> None:
    identity = pyrage.x25519.Identity.generate()
    with opened(tmp_path, clock, programme=Programme(str(identity.to_public()))) as vault:
        vault.add(record())
        live(vault, clock, 40)
        vault.note("A-17", FollowUp(clock.now(), time_trusted=True, said="lost"))
        assert [visit.kind for visit in vault.visits("A-17")] == ["screening", "outcome"]


def test_a_note_that_cannot_be_written_is_told_and_not_half_there(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.add(record())

    def full(execute: Callable[..., int]) -> Callable[..., int]:
        def refuse(database: Database, sql: str, *values: object) -> int:
            if "INTO blob" in sql:
                raise DiskFullError("the disk is full")
            return execute(database, sql, *values)

        return refuse

    with monkeypatch.context() as patched:
        patched.setattr(Database, "execute", full(Database.execute))
        with pytest.raises(DiskFullError):
            vault.note("A-17", CONFIRMED)
    assert not vault.conditions()["records"]
    assert len(vault.visits("A-17")) == 1
    vault.audit.verify()


@pytest.mark.parametrize("said", SAID)
def test_every_word_comes_back(said: Said) -> None:
    noted = Noted.of("A-17", FollowUp(NOW, time_trusted=False, said=said, text="x" * 500))
    assert unpack(pack(parts_of(noted, None))) == (noted, None)


def test_a_word_of_ones_own_and_a_long_story_are_refused() -> None:
    for odd in ({"said": "cured"}, {"text": "x" * 501}):
        with pytest.raises(SubjectError, match=r"^SUB-01 "):
            FollowUp(**{"at": NOW, "time_trusted": True, "said": "other", **odd})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "odd",
    [{"version": 2}, {"id": "x"}, {"camp_number": ""}, {"followup": None}, {"name": "Ada"},
     {"followup": {"at": NOW.isoformat(), "time_trusted": True, "said": "cured", "text": ""}},
     {"followup": {"at": NOW.isoformat(), "time_trusted": True, "said": "other", "text": " " * 501}}],
)  # fmt: skip
def test_a_follow_up_that_says_something_else_is_refused(odd: dict[str, object]) -> None:
    values = json.loads(noted_bytes(Noted.of("A-17", CONFIRMED))) | odd
    with pytest.raises(RecordDamagedError, match=r"^REC-07 "):
        noted_of_bytes(json.dumps(values).encode())


def test_both_stores_are_books_of_visits(vault: Vault) -> None:
    books: list[VisitBook] = [vault, VolatileRecords()]
    assert all(book.visits("nobody") == () for book in books)
