"""Numbers for Prometheus, in its text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).

Nothing of a person, and no answer: what the kiosk found in faces is nobody's metric.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from kiosk.health.checks import CHECKS
from kiosk.health.condition import Condition
from kiosk.health.diagnostics import Facts
from kiosk.health.reading import Reading

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LABEL: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})
MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """One value with its labels."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """A family of samples. name: without the prefix; a counter's ends in _total."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: tuple[Sample, ...]


def exposition(metrics: Iterable[Metric], prefix: str = "phenokiosk_") -> str:
    """The text. A family without samples is left out."""
    lines: list[str] = []
    for metric in metrics:
        name = prefix + metric.name
        if metric.samples:
            lines += [f"# HELP {name} {metric.help.translate(_HELP)}", f"# TYPE {name} {metric.kind}"]
            lines += [f"{name}{_labels(sample.labels)} {_number(sample.value)}" for sample in metric.samples]
    return "".join(f"{line}\n" for line in lines)


def kiosk_metrics(reading: Reading, conditions: Iterable[Condition], facts: Facts) -> tuple[Metric, ...]:
    """The kiosk's families. What the machine cannot say is left out."""
    board, camera, bundle = reading.board, facts.camera, reading.bundle
    holding = {condition.name for condition in conditions}
    named = {
        "version": facts.versions.get("phenokiosk", ""),
        "bundle": f"{bundle.id} {bundle.version}" if bundle else "",
    }
    return (
        Metric("info", "gauge", "Which software and which model run; always 1.", (Sample(1, named),)),
        gauge("uptime_seconds", "Time since the start.", facts.uptime_s),
        Metric("condition", "gauge", "1 while the condition holds, else 0.", tuple(
            Sample(check.name in holding, {"name": check.name, "code": check.code, "severity": check.severity})
            for check in CHECKS
        )),
        gauge("temperature_celsius", "The processor's temperature.", board.temperature_c),
        gauge("memory_free_bytes", "Memory that programs may still have.", _bytes(board.memory_free_mib)),
        gauge("camera_memory_free_bytes", "Memory in one piece, which cameras need.", _bytes(board.cma_free_mib)),
        gauge("disk_free_bytes", "Room on the disk of the records.", _bytes(board.disk_free_mib)),
        gauge("battery_ratio", "Charge of the battery, 0 to 1.",
              board.battery.percent / 100 if board.battery else None),
        Metric("supply_events_total", "counter", "How often the supply fell short since boot.", tuple(
            Sample(count, {"event": name}) for name, count in (board.power_events or {}).items()
        )),
        gauge("camera_age_seconds", "Age of the last picture.", reading.camera_age_s),
        counter("camera_reopened_total", "How often the camera was opened again.",
                camera.reopen_count if camera else None),
        counter("camera_skipped_frames_total", "Frames that the source took and nobody read.",
                camera.skipped_frames if camera else None),
        *(counter(f"{name}_total", "Frames since the start, see the diagnostics.", value)
          for name, value in facts.rates.items()),
    )  # fmt: skip


def gauge(name: str, about: str, value: float | None) -> Metric:
    """A gauge of one value; None: there is none."""
    return Metric(name, "gauge", about, () if value is None else (Sample(value),))


def counter(name: str, about: str, value: float | None) -> Metric:
    """A counter of one value; None: there is none."""
    return Metric(name, "counter", about, () if value is None else (Sample(value),))


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value.translate(_LABEL)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value)) if value != int(value) else str(int(value))


def _bytes(mib: int | None) -> int | None:
    return None if mib is None else mib * MIB
