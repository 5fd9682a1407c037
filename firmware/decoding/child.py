"""The process that decodes: it takes files on its standard input and answers on its output, until the other side goes.

Before it has seen a byte of a file it has given up everything but computing and its two pipes (`box`). `decoder` starts
it with `python -I -S` and an environment of its own; it imports Pillow and little more.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from PIL import Image, MpoImagePlugin, TiffImagePlugin  # noqa: F401 - what Pillow would import when it meets one

from firmware.box import close_box, limits
from firmware.decoding.picture import decode
from firmware.decoding.wire import HEAD, MOST_ENCODED_BYTES, MOST_TEXT_BYTES, QUESTION, Kind, RefusedError

MOST_MEMORY_BYTES: Final = 1_300_000_000
"""50 megapixels that are transparent and have to be turned take a gigabyte."""
MOST_CPU_S: Final = 30
"""Of its whole life; `decoder` replaces a child long before."""
WORTH_A_PROMISE: Final = 2_000_000
"""Pixels; what is smaller is done within the time that every file has."""
LIMITS: Final = limits(MOST_MEMORY_BYTES, MOST_CPU_S)


def main() -> None:
    """Serve until the other side closes."""
    asked, answers = open(0, "rb"), open(1, "wb")  # noqa: SIM115 - until the end
    Image.preinit()
    close_box(LIMITS)
    while (question := asked.read(QUESTION.size)) and len(question) == QUESTION.size:
        (length,) = QUESTION.unpack(question)
        if length > MOST_ENCODED_BYTES:
            return
        _answer(asked.read(length), answers)


def _answer(encoded: bytes, answers: BinaryIO) -> None:
    def promise(width: int, height: int) -> None:
        if width * height >= WORTH_A_PROMISE:
            answers.write(HEAD.pack(Kind.PROMISED, width, height))
            answers.flush()

    try:
        picture = decode(encoded, promise)
        head, body = HEAD.pack(Kind.PICTURE, picture.width, picture.height), picture.rgb
    except RefusedError as refused:
        head, body = _refusal(refused.kind, str(refused))
    except MemoryError:
        head, body = _refusal(Kind.NO_SIZE, "takes too much memory")
    except Exception as error:  # noqa: BLE001 - the boundary: whatever Pillow trips over, the other side hears of it
        head, body = _refusal(Kind.NO_PHOTO, f"is damaged ({type(error).__name__})")
    answers.write(head)
    answers.write(body)
    answers.flush()


def _refusal(kind: Kind, text: str) -> tuple[bytes, bytes]:
    body = text.encode(errors="replace")[:MOST_TEXT_BYTES]
    return HEAD.pack(kind, 0, len(body)), body


if __name__ == "__main__":
    main()
