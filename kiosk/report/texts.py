"""What stands on paper besides what the page says already. English message ids; see kiosk/language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kiosk.language import N_
from kiosk.pages.texts import ADVICE

DAY: Final = N_("Report of the day")
ANSWERS: Final = N_("Answers")
SCREENINGS: Final = N_("Screenings")
SECOND_VISITS: Final = N_("Of them second visits")
BY_DECISION: Final = N_("By decision")
BY_MODEL: Final = N_("By model")
TIME: Final = N_("Time")
PEOPLE: Final = N_("People in front of the kiosk")
MEAN: Final = N_("Seconds each, on average")
RETAKES: Final = N_("Pictures taken again")
REFUSALS: Final = N_("Consent refused")
NONE: Final = N_("None")
NOBODY: Final = N_("This report holds numbers alone and nothing of a person.")
SLIP: Final = N_("Referral slip")
CODE: Final = N_("QR code")
CODE_HOLDS: Final = N_("The code holds the number and the decision, nothing else.")
DEMO: Final = N_("Demonstration model: this means nothing for a real person.")
OTHER: Final = N_("Other")
REASONS: Final[Mapping[str, str]] = {
    **{advice.value: instruction.text for advice, instruction in ADVICE.items()},
    "few pictures": N_("Too few good pictures"),
    "two people": N_("More than one person"),
    "too long": N_("It took too long"),
    "not kept": N_("The answer could not be kept"),
    "failed": N_("The pictures could not be used"),
    "screening": N_("To the screening"),
    "photos": N_("To keeping photos"),
    "research": N_("To research"),
}
"""A word of the tally -> how it is told."""
