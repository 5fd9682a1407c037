"""What support gets and what can be scraped: all that helps, and nothing of a person, whatever was logged."""

from __future__ import annotations

import io
import json
import logging
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.board.supply import Battery
from firmware.camera.steady import CameraHealth
from firmware.errors import CameraAbsentError, RecordAbsentError
from kiosk.health import BundleState, LogTail, Reading
from kiosk.health.checks import CHECKS
from kiosk.health.condition import Condition, Severity
from kiosk.health.diagnostics import Facts, diagnostics, versions
from kiosk.health.metrics import Metric, Sample, exposition, kiosk_metrics
from kiosk.health.reading import UNKNOWN_BOARD
from kiosk.health.support import support_archive
from kiosk.settings import SettingsDesk

CANARIES = ("A-17", "Anna Example", "4d1f0c2e9b7a4c3d8e6f5a4b3c2d1e0f", "0301234567", "anna", "2019-04-11", "481516")
"""Camp number, name, record id, telephone, user, birthday, PIN."""
NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
READING = Reading(
    now_ns=90 * 10**9,
    board=replace(UNKNOWN_BOARD, temperature_c=61.25, battery=Battery(42, False), power_events={"under-voltage": 2}),
    bundle=BundleState("a", "phantom", "0.4.0"),
)
LOW = Condition("disk low", "HEA-05", Severity.BANNER, "Nearly full.", "Export.", 400, 512, "MiB", 30 * 10**9)


OWNED = "/" + "home/anna"
"""A folder that is named after somebody."""


@pytest.fixture
def tail() -> Iterator[LogTail]:
    handler = LogTail(lines=50)
    names = ("kiosk.example", "waitress")
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    yield handler
    for name in names:
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(logging.NOTSET)


def log_canaries() -> None:
    """Every way in which something could get into a log line."""
    ours, theirs = logging.getLogger("kiosk.example"), logging.getLogger("waitress")
    for canary in CANARIES:
        ours.info("kept %s for %r at %s", canary, canary, Path("/media") / canary / "stick")
        ours.warning("named %(who)s", {"who": canary})
        ours.error("%s", RecordAbsentError(f"there is no record {canary}"))
        ours.error("%s", CameraAbsentError(f"replay:///home/{canary}/frames holds no picture"))
        ours.info("list %s", [canary, {canary: canary}])
        theirs.error("request for %s" % canary)  # noqa: UP031 - as a library may do it
        try:
            raise ValueError(canary)
        except ValueError:
            ours.exception("it failed")
    ours.info("number %d", 301234567)


def assert_clean(text: str) -> None:
    assert not [canary for canary in (*CANARIES, "301234567") if canary in text]


def test_nothing_of_a_person_gets_into_the_log_for_support(tail: LogTail) -> None:
    log_canaries()
    assert_clean("\n".join(tail.tail()))


def test_log_for_support_still_says_what_happened(tail: LogTail) -> None:
    ours = logging.getLogger("kiosk.example")
    ours.warning("camera lost, reopening: %s", CameraAbsentError("there is no camera at v4l2:///dev/video0"))
    ours.info("%s: %d of %.1f, 100%%", "guide", 3, 2.5)
    try:
        raise KeyError("secret")
    except KeyError:
        ours.exception("it failed")
    lines = [line.split(": ", 1)[1] for line in tail.tail()]
    assert lines[0].startswith("camera lost, reopening: CAM-01 there is no camera at v4l2:///dev/video0. Plug")
    assert lines[1] == "guide: 3 of 2.5, 100%"
    assert re.fullmatch(r"it failed \[KeyError at test_support\.py:\d+\]", lines[2])


def test_log_for_support_is_bounded(tail: LogTail) -> None:
    for number in range(200):
        logging.getLogger("kiosk.example").info("line %d", number)
    assert len(tail.tail()) == 50 and tail.tail()[-1].endswith("line 199")


def test_line_that_cannot_be_put_together_does_not_fail_its_writer(tail: LogTail) -> None:
    class Broken(int):
        def __format__(self, spec: str) -> str:
            raise ValueError

    logging.getLogger("kiosk.example").info("%d", Broken(4))
    assert tail.tail()[-1].endswith("…")


@pytest.fixture
def desk(tmp_path: Path) -> SettingsDesk:
    state = tmp_path / "home" / "anna"
    state.mkdir(parents=True)
    key = "records.programme_key='age1secret'"
    return SettingsDesk(None, [f"camera.uri=replay://{OWNED}/x", f"records.state=/media/anna/{state.name}", key])


def test_archive_for_support_holds_all_that_helps_and_nothing_of_a_person(tail: LogTail, desk: SettingsDesk) -> None:
    log_canaries()
    camera = CameraHealth("reopening", 0, last_error=f"CAM-01 there is no {OWNED}/frames. Plug the camera in")
    facts = Facts(90.4, versions(), {"frames": 900}, camera, tail.tail())
    model = diagnostics(READING, [LOW], facts)
    rows = [asdict(row) for row in desk.rows()]
    content = support_archive(model, rows, tail.tail(), NOW)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        files = {Path(name).name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {"README.txt", "diagnostics.json", "settings.json", "log.txt"}
    assert_clean("".join(files.values()))
    assert "age1secret" not in files["settings.json"]
    assert {row["name"] for row in json.loads(files["settings.json"])} == set(desk.settings.flat())
    assert json.loads(files["diagnostics.json"])["versions"]["phenokiosk"]


def test_diagnostics_are_plain_values() -> None:
    model = diagnostics(READING, [LOW], Facts(90.4, {"phenokiosk": "1"}, {"frames": 900}, CameraHealth("running", 0)))
    assert json.loads(json.dumps(model)) == model
    assert model["conditions"][0]["for_s"] == 60 and model["conditions"][0]["severity"] == "banner"
    assert model["board"]["battery"] == {"percent": 42, "fed": False}
    assert model["bundle"]["slot"] == "a" and model["camera"]["for_s"] == 90


LINE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Prometheus' text, read by the letter of its format: HELP and TYPE once, before the samples of their family."""
    assert text == "" or text.endswith("\n")
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    helped, typed = set(), ""
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert kind in {"gauge", "counter"} and typed in helped
            assert (kind == "counter") == typed.endswith("_total")
        else:
            match = LINE.fullmatch(line)
            assert match and match[1] == typed, line
            unescaped = [(k, re.sub(r'\\[\\"n]', lambda e: ESCAPES[e[0]], v)) for k, v in LABEL.findall(match[2] or "")]
            key = match[1], tuple(unescaped)
            assert key not in found
            found[key] = float(match[3])
    return found


def test_metrics_are_read_back() -> None:
    facts = Facts(90.5, {"phenokiosk": "0.1.0"}, {"frames": 900, "guided": 300}, CameraHealth("running", 0, None, 2, 7))
    values = parsed(exposition(kiosk_metrics(READING, [LOW], facts)))
    assert values["phenokiosk_uptime_seconds", ()] == 90.5
    assert values["phenokiosk_frames_total", ()] == 900
    assert values["phenokiosk_battery_ratio", ()] == 0.42
    assert values["phenokiosk_supply_events_total", (("event", "under-voltage"),)] == 2
    holding = {dict(labels)["name"]: value for (name, labels), value in values.items() if name.endswith("_condition")}
    assert holding == {check.name: float(check.name == "disk low") for check in CHECKS}
    assert not [name for name, _ in values if "memory" in name], "what the machine cannot say is left out"


@given(st.text(st.characters(exclude_categories=("Cs",))), st.floats(), st.text('ab\\\n"', max_size=5))
def test_any_label_and_value_survives(label: str, value: float, about: str) -> None:
    text = exposition([Metric("x", "gauge", about, (Sample(value, {"a": label}),))])
    [(key, read)] = parsed(text).items()
    assert key == ("phenokiosk_x", (("a", label),))
    assert read == value or (math.isnan(read) and math.isnan(value))
