"""`python -m kiosk.health`: every condition with its code, a line each; the README's table is made of it."""

from __future__ import annotations

import sys

from kiosk.health.checks import CHECKS


def main() -> int:
    """Print them."""
    for check in CHECKS:
        sys.stdout.write(f"{check.code}\t{check.severity}\t{check.what}\t{check.advice}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
