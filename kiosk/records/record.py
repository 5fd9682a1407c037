"""Assessment -> Record: what is kept of one screening. No picture, no name, nothing that finds the person again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from firmware.assessment import Assessment
from firmware.syndrome.decision import Outcome

SYNCHRONISED = Path("run/systemd/timesync/synchronized")
"""systemd-timesyncd makes this file once the clock was set from the network."""


@dataclass(frozen=True, slots=True)
class Record:
    """One finished screening.

    at: by the device's clock, which may be wrong offline; time_trusted says whether it was set since the start.
    """

    at: datetime
    time_trusted: bool
    bundle_id: str
    bundle_version: str
    clinical: bool
    outcome: Outcome
    affected: float
    frames_used: int

    @classmethod
    def of(cls, assessment: Assessment, at: datetime, *, time_trusted: bool) -> Record:
        """The record of an answer that was given."""
        manifest = assessment.manifest
        return cls(
            at,
            time_trusted,
            manifest.id,
            manifest.version,
            manifest.clinical,
            assessment.decision.outcome,
            assessment.decision.affected,
            assessment.used,
        )


def is_time_trusted(root: Path = Path("/")) -> bool:
    """Whether the clock was set from a source outside since the machine started."""
    return (root / SYNCHRONISED).exists()
