"""The device's commands, one module each: `register` adds the arguments, the handler does the work.

The handlers print, which nothing else in the device does.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

SHIPPED_BUNDLE: Final = Path(__file__).parents[2] / "models" / "phantom"
