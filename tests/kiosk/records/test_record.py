"""What is remembered of a screening: what the referral needs, and no more than was agreed to."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import RecordDamagedError, SubjectError
from kiosk.records.encoding import pictures_bytes, pictures_of, pictures_of_bytes, record_bytes, record_of_bytes
from kiosk.records.record import SYNCHRONISED, Consent, Intake, Record, is_time_trusted
from kiosk.records.store import VolatileRecords
from tests.kiosk.factories import assessment
from tests.kiosk.records.factories import NOW, record, seen


def test_a_record_says_what_answered_and_holds_no_picture() -> None:
    kept = Record.of(assessment(), NOW, time_trusted=False)
    assert (kept.bundle_id, kept.clinical, kept.outcome, kept.time_trusted) == ("test", False, "refer", False)
    assert all(type(getattr(kept, f.name)).__module__ != "numpy" for f in fields(kept))


def test_without_consent_nothing_finds_the_person_again() -> None:
    kept = Record.of(seen(), NOW, time_trusted=True)
    assert kept.embedding is None and not kept.consent.photos and kept.camp_number is None


def test_the_embedding_is_kept_for_research_only() -> None:
    assert len(record().embedding or ()) == 64
    assert record(consent=Consent(photos=True)).embedding is None


def test_two_records_never_share_an_id() -> None:
    assert len({record().id for _ in range(100)}) == 100
    assert all(len(record().id) == 32 for _ in range(3))


def test_a_record_comes_back_from_json_as_it_went() -> None:
    for kept in (record(), Record.of(assessment(), NOW, time_trusted=False)):
        assert record_of_bytes(record_bytes(kept)) == kept


@given(st.text(min_size=1, max_size=64).filter(str.strip), st.floats(0, 1), st.sampled_from(["adult", "guardian"]))
def test_any_camp_number_comes_back(number: str, affected: float, by: str) -> None:
    kept = replace(record(), camp_number=number, affected=affected, consent=Consent(by=by, at=NOW))  # type: ignore[arg-type]
    assert record_of_bytes(record_bytes(kept)) == kept


WRONG = {
    "another version": {"version": 99},
    "an unknown key": {"name": "Ada"},
    "no date": {"at": "yesterday"},
    "an unknown outcome": {"outcome": "ill"},
    "a ranking of another form": {"ranking": [["OMIM:190685", 0.7]]},
    "no consent": {"consent": None},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_record_that_says_something_else_is_refused(what: str) -> None:
    values = json.loads(record_bytes(record())) | WRONG[what]
    with pytest.raises(RecordDamagedError, match=r"^REC-07 "):
        record_of_bytes(json.dumps(values).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(RecordDamagedError):
        record_of_bytes(content)


def test_pictures_are_the_frame_that_was_answered_for() -> None:
    answer = seen()
    pictures = pictures_of(answer)
    assert pictures is not None and answer.best.crop is not None
    crop = cv2.cvtColor(cv2.imdecode(np.frombuffer(pictures.crop, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.array_equal(crop, answer.best.crop.pixels) and pictures.photo[:2] == b"\xff\xd8"
    assert pictures_of_bytes(*pictures_bytes(pictures)) == pictures
    assert pictures_of(assessment()) is None


UNPRINTABLE = (
    "A\x0017", "A-17\nB-18", "A\t17", "\u202e71-A", "A\u206617", "A\u200b17", "A\ufeff17", "A\u202817", "A\x8517",
    "A\ud80017", "\u200d",
)  # fmt: skip
PRINTABLE = ("A-17", "A 17", "A\u00a017", "क-१७", "甲\u300017", "ع-17", "👩\u200d👧", "❤️")


@pytest.mark.parametrize("number", PRINTABLE)
def test_a_number_in_any_script_is_one(number: str) -> None:
    assert Intake(camp_number=number).camp_number == number


@pytest.mark.parametrize(
    "asked",
    [
        {"camp_number": " "}, {"camp_number": "9" * 65}, {"skin_tone": 0}, {"skin_tone": 11},
        *({"camp_number": number} for number in UNPRINTABLE),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_number_or_a_tone_that_cannot_be_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(SubjectError):
        Intake(**asked)  # type: ignore[arg-type]


def test_the_time_is_trusted_only_after_it_was_set(tmp_path: Path) -> None:
    assert not is_time_trusted(tmp_path)
    (tmp_path / SYNCHRONISED).parent.mkdir(parents=True)
    (tmp_path / SYNCHRONISED).touch()
    assert is_time_trusted(tmp_path)


def test_memory_stays_bounded_and_the_count_right() -> None:
    store = VolatileRecords()
    first = Record.of(assessment(), NOW, time_trusted=True)
    for i in range(store.LIMIT + 5):
        store.add(replace(first, frames_used=i))
    assert store.count() == store.LIMIT + 5
    assert next(r.frames_used for r in store.all()) == 5
    assert len(store.all()) == store.LIMIT
