"""Plays the film of faces into the camera, over and over, slowly: the machine behind it is slow, too."""

from __future__ import annotations

import os
import time
from pathlib import Path

HERE = Path(__file__).parent
EVERY_S = 0.5


def main() -> None:
    """Until the machine ends."""
    pictures = [path.read_bytes() for path in sorted((HERE / "film").iterdir())]
    output = os.open(HERE / "output", os.O_RDWR)
    while True:
        for picture in pictures:
            os.write(output, picture)
            time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
