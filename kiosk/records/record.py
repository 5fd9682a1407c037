"""Assessment -> Record: what is kept of one finished screening, and the pictures that go with it if consent says so.

Rules: by default only what the referral needs. No name is ever asked for; who it was is the camp's number. The
embedding finds a person again as a picture does, so it is kept for research only; pictures only where allowed.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

from firmware.assessment import Assessment
from firmware.errors import SubjectError
from firmware.face.anthropometry.measurement import Measurement, Term
from firmware.subject import Sex, Subject
from firmware.syndrome.decision import Outcome, Ranked
from firmware.syndrome.gallery import Neighbour

SYNCHRONISED: Final = Path("run/systemd/timesync/synchronized")
"""systemd-timesyncd makes this file once the clock was set from the network."""
LIGHTEST, DARKEST = 1, 10
"""Skin tone on the Monk scale."""
LONGEST_NUMBER: Final = 64
JOINER: Final = "\u200d"
"""Joins emoji, which some camps write on their cards; all else that cannot be seen is no part of a number."""
LONGEST_NAME: Final = 80
By = Literal["adult", "guardian"]
Sign = Literal["thumb", "name"]
CONSENTERS: Final[tuple[By, ...]] = get_args(By)
SIGNS: Final[tuple[Sign, ...]] = get_args(Sign)
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the subject, or who may decide for it, has agreed to. Nothing but the screening unless it was said.

    photos: photo and crop may be kept. research: the embedding may be kept, and everything used for research.
    at: when it was given, None where nobody was asked. sign: how it was given, by a thumb held on the screen or by a
    name; name: of who agreed, where they chose to write it. Raises SubjectError for a name that is none.
    """

    photos: bool = False
    research: bool = False
    by: By = "adult"
    at: datetime | None = None
    sign: Sign | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not 0 < len(self.name.strip()) <= LONGEST_NAME:
            raise SubjectError(f"a name has 1 to {LONGEST_NAME} characters", "Write it again, or use the thumb.")
        if (self.name is not None) != (self.sign == "name"):
            raise SubjectError("a consent is signed by a name or by a thumb", "Ask for consent again.")


def check_number(camp_number: str) -> None:
    """Whether that is a camp number: 1 to 64 characters that can be printed, in any script. Raises SubjectError.

    What turns the direction of writing or breaks the line would print another number than the one that is kept.
    """
    seen = camp_number.replace(JOINER, "").strip()
    if not seen or len(camp_number.strip()) > LONGEST_NUMBER:
        raise SubjectError("a camp number has 1 to 64 characters", "Type the number on the subject's card.")
    if not all(char.isprintable() or unicodedata.category(char) == "Zs" for char in seen):
        raise SubjectError("a camp number holds a character that cannot be printed", "Type it anew.")


@dataclass(frozen=True, slots=True)
class Intake:
    """What is asked before the picture is taken. Raises SubjectError for what cannot be.

    camp_number: the number on the subject's card, see `check_number`. skin_tone: Monk scale, 1 (lightest) to 10.
    """

    subject: Subject = field(default_factory=Subject)
    camp_number: str | None = None
    skin_tone: int | None = None
    consent: Consent = field(default_factory=Consent)

    def __post_init__(self) -> None:
        tone = self.skin_tone
        if self.camp_number is not None:
            check_number(self.camp_number)
        if tone is not None and not LIGHTEST <= tone <= DARKEST:
            raise SubjectError(f"a skin tone of {tone} cannot be", "Give the Monk scale's number, 1 to 10.")


@dataclass(frozen=True, slots=True)
class Record:
    """One finished screening.

    id: 128 random bits in hex. at: by the device's clock, which may be wrong offline; time_trusted says whether it was
    set since the start. affected: referral score 0..1. embedding: unit length, None without consent to research.
    """

    id: str
    at: datetime
    time_trusted: bool
    site: str
    camp_number: str | None
    age_years: float | None
    sex: Sex | None
    skin_tone: int | None
    consent: Consent
    bundle_id: str
    bundle_version: str
    clinical: bool
    outcome: Outcome
    affected: float
    reasons: tuple[str, ...]
    ranking: tuple[Ranked, ...]
    prediction_set: tuple[str, ...]
    measurements: tuple[Measurement, ...]
    terms: tuple[Term, ...]
    neighbours: tuple[Neighbour, ...]
    frames_used: int
    embedding: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls, assessment: Assessment, at: datetime, *, time_trusted: bool, intake: Intake | None = None, site: str = ""
    ) -> Record:
        """The record of an answer that was given."""
        asked, manifest, decision = intake or Intake(), assessment.manifest, assessment.decision
        views = assessment.best.views
        return cls(
            id=secrets.token_hex(16),
            at=at,
            time_trusted=time_trusted,
            site=site,
            camp_number=asked.camp_number,
            age_years=asked.subject.age_years,
            sex=asked.subject.sex,
            skin_tone=asked.skin_tone,
            consent=asked.consent,
            bundle_id=manifest.id,
            bundle_version=manifest.version,
            clinical=manifest.clinical,
            outcome=decision.outcome,
            affected=decision.affected,
            reasons=decision.reasons,
            ranking=decision.ranking,
            prediction_set=decision.prediction_set,
            measurements=assessment.measured.measurements,
            terms=assessment.measured.terms,
            neighbours=assessment.neighbours,
            frames_used=assessment.used,
            embedding=tuple(float(x) for x in views.embedding) if views and asked.consent.research else None,
        )


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one record, encoded. photo: JPEG. crop: PNG, 112 x 112. points: the five points, px of photo."""

    photo: bytes
    crop: bytes
    points: tuple[Point, ...]


def is_time_trusted(root: Path = Path("/")) -> bool:
    """Whether the clock was set from a source outside since the machine started."""
    return (root / SYNCHRONISED).exists()
