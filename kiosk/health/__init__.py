"""How the kiosk is: named conditions that appear and clear by themselves, and what support is told of them.

reading      what is looked at (values)      checks     one small function for each condition (a table)
keeper       takes a reading now and then, remembers what holds           sources   where readings come from
diagnostics  the page's model    metrics  Prometheus' text    logtail, support   what support gets: nothing personal
"""

from kiosk.health.checks import CHECKS
from kiosk.health.condition import Check, Condition, Severity
from kiosk.health.keeper import HealthKeeper
from kiosk.health.logtail import LogTail
from kiosk.health.reading import BundleState, Reading
from kiosk.health.sources import Sources

__all__ = [
    "CHECKS",
    "BundleState",
    "Check",
    "Condition",
    "HealthKeeper",
    "LogTail",
    "Reading",
    "Severity",
    "Sources",
]
