"""A record from elsewhere: whatever is in it, it is read and written in every form, or refused in one line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import RecordDamagedError
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.syndrome.decision import Ranked
from firmware.syndrome.gallery import Neighbour
from kiosk.records import encoding
from kiosk.records.encoding import record_bytes, record_json, record_of_bytes
from kiosk.records.export.forms import FORMS, forms
from kiosk.records.record import Consent, Record
from tests.kiosk.records.factories import record

HEAD = "3:" + "ab" * 32
GOOD = json.loads(record_bytes(record()))
OF_EVERY_KIND: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**400, float("inf"), float("-inf"), float("nan"), 1e300, -1e300),
    *("", "x", "Q", "4", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("2026-01-01T00:00:00+01:02:03", "../../x", "\ud800", "\0", "x" * 20_000, [], {}, [None], [[]], [{}], [[1, 2]]),
    *({"a": 1}, [1, {"a": 2}], ["\ud800"], [float("nan")], [{"id": 1, "name": None, "probability": "a"}]),
)
CHECKED = {
    Record: encoding.RECORD,
    Consent: encoding.CONSENT,
    Ranked: encoding.RANKED,
    Measurement: encoding.MEASUREMENT,
    Term: encoding.TERM,
    Neighbour: encoding.NEIGHBOUR,
}


def paths(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to every value within a value; of a long list, to its first."""
    if way:
        yield way
    if isinstance(value, dict | list):
        for name in value if isinstance(value, dict) else range(len(value))[:2]:
            yield from paths(value[name], (*way, name))


WAYS = tuple(paths(GOOD))


def with_other(way: tuple[Any, ...], other: Any) -> bytes:
    """The good record with another value in one place."""
    values = json.loads(record_bytes(record()))
    inner = values
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = other
    return json.dumps(values).encode()


def read_and_write(content: bytes) -> None:
    """Refused by its code, or written in every form and read again as the same."""
    try:
        found = record_of_bytes(content)
        written = dict(forms(found, HEAD))
    except RecordDamagedError:
        return
    assert len(written) == len(FORMS)
    assert record_of_bytes(record_bytes(found)) == found


@pytest.mark.parametrize("kind", CHECKED, ids=lambda kind: kind.__name__)
def test_every_field_has_a_check(kind: type) -> None:
    assert CHECKED[kind].keys() == {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_value_of_the_wrong_kind_is_refused_or_written(way: tuple[Any, ...]) -> None:
    for other in OF_EVERY_KIND:
        read_and_write(with_other(way, other))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(OF_EVERY_KIND),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.sampled_from(WAYS), JSON)
def test_any_value_anywhere_is_refused_or_written(way: tuple[Any, ...], other: Any) -> None:
    read_and_write(with_other(way, other))


@pytest.mark.parametrize(
    "other",
    [
        {"age_years": "x"},
        {"age_years": float("inf")},
        {"age_years": True},
        {"sex": "Q"},
        {"site": [1]},
        {"at": "2026-01-01"},
        {"camp_number": {"a": 1}},
        {"affected": "0.5"},
        {"affected": 1.01},
        {"version": True},
        {"ranking": [{"id": 1, "name": None, "probability": "a"}]},
        {"id": "../../../../etc/cron.d/phenokiosk.x"},
        {"skin_tone": 11},
        {"frames_used": -1},
    ],
)
def test_what_no_kiosk_writes_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(RecordDamagedError, match=r"^REC-07 "):
        record_of_bytes(json.dumps(GOOD | other).encode())


def test_what_one_form_cannot_say_is_named_without_repeating_it() -> None:
    odd = dataclasses.replace(record(), camp_number="\x85")
    with pytest.raises(RecordDamagedError, match=rf"record {odd.id} cannot be written as fhir\.json") as caught:
        list(forms(odd, HEAD))
    assert "\x85" not in str(caught.value)


def test_nested_too_deeply() -> None:
    with pytest.raises(RecordDamagedError):
        record_of_bytes(b"[" * 100_000)


def test_our_own_form_says_everything() -> None:
    one = record()
    values = json.loads(FORMS["record.json"](one, HEAD))
    assert values.pop("audit_head") == HEAD
    assert values == json.loads(json.dumps(record_json(one)))
