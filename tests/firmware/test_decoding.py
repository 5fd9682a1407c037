"""The decoder's child: what it may do, what happens when it does otherwise, and that pictures are what they were."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from firmware.decoding.child import LIMITS
from firmware.decoding.decoder import ENVIRONMENT, Decoder, receive
from firmware.decoding.picture import decode
from firmware.decoding.wire import HEAD, MOST_PIXELS, Kind, RefusedError
from firmware.frame import Pixels
from tests.conftest import REPOSITORY

PATIENCE_S = 60


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    one = Decoder()
    yield one
    one.close()


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 1, 90), np.linspace(0, 1, 120))
    return Image.fromarray(np.uint8(np.stack([220 * across, 220 * down, 110 * across + 60], axis=-1)))


@pytest.fixture(scope="module")
def png(picture: Image.Image) -> bytes:
    return encoded(picture, "PNG")


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **how)
    return into.getvalue()


def children() -> set[int]:
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


@pytest.fixture
def child(decoder: Decoder, png: bytes) -> int:
    """The number of the process that has just decoded a picture."""
    before = children()
    decoder.decode(png)
    (pid,) = children() - before
    return pid


# --- what the child may do ----------------------------------------------------------------------------------------


def test_the_child_holds_every_limit(child: int) -> None:
    for limit, value in LIMITS.items():
        assert resource.prlimit(child, limit) == (value, value)


def test_the_child_knows_nothing_of_its_parent(child: int) -> None:
    proc = Path(f"/proc/{child}")
    environment = proc.joinpath("environ").read_text().rstrip("\0").split("\0")
    assert [name.partition("=")[0] for name in environment] == [*ENVIRONMENT]
    assert {int(fd.name) for fd in proc.joinpath("fd").iterdir()} == {0, 1, 2}
    assert str(proc.joinpath("cwd").readlink()) == "/"
    assert re.search(r"^Threads:\s+1$", proc.joinpath("status").read_text(), re.M)


def test_the_child_is_pillow_and_little_else(child: int) -> None:
    mapped = Path(f"/proc/{child}/maps").read_text()
    assert "_imaging" in mapped
    assert not re.search("numpy|cv2|mediapipe|litert", mapped)


ATTEMPTS = {
    "open a file": "open('/etc/passwd')",
    "reach the network": "socket.socket()",
    "make a pipe": "os.pipe()",
    "write to a file": "os.write(file, b'x')",
    "take its limits back": "resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))",
    "take much memory": "bytearray(2**31)",
    "start a program": "os.fork()",
    "become a program": "os.execv('/bin/true', ['true'])",
    "remove a file": "os.unlink(path)",
    "rename a file": "os.rename(path, path + '2')",
    "look into a folder": "os.listdir('/')",
    "stop another process": "os.kill(os.getppid(), 0)",
    "look into another process": "os.readlink(f'/proc/{os.getppid()}/exe')",
}
"""What somebody who took the child over would like to do -> how."""


@pytest.mark.parametrize("wish", ATTEMPTS)
def test_who_takes_the_child_over_can_do_little(wish: str, tmp_path: Path) -> None:
    attempt = f"""
import os, resource, signal, socket
from firmware.box import close_box
from firmware.decoding.child import LIMITS
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = {str(tmp_path / "file")!r}
file = os.open(path, os.O_CREAT | os.O_WRONLY)
close_box(LIMITS)
try:
    {ATTEMPTS[wish]}
except (OSError, MemoryError, ValueError) as error:
    os.write(1, type(error).__name__.encode())
"""
    done = subprocess.run(
        [sys.executable, "-c", attempt], cwd=REPOSITORY, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout, "nothing kept it from that"
    assert not (tmp_path / "file").read_bytes()


# --- what happens otherwise ---------------------------------------------------------------------------------------


def test_one_child_serves_for_many_pictures(decoder: Decoder, png: bytes, child: int) -> None:
    for _ in range(5):
        decoder.decode(png)
    assert child in children()


def test_a_child_that_met_a_bad_file_is_not_asked_again(decoder: Decoder, png: bytes, child: int) -> None:
    with pytest.raises(RefusedError, match="is damaged"):
        decoder.decode(png[:200])
    assert child not in children()
    assert decoder.decode(png).shape == (120, 90, 3)


def test_a_child_is_replaced_after_enough_pictures(png: bytes) -> None:
    decoder, before, seen = Decoder(most_pictures=2), children(), set()
    for _ in range(5):
        decoder.decode(png)
        seen |= children() - before
    decoder.close()
    assert len(seen) == 3
    assert children() == before


def test_a_child_that_was_killed_is_replaced_before_anybody_notices(decoder: Decoder, png: bytes, child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert decoder.decode(png).shape == (120, 90, 3)


def test_a_child_that_hangs_is_given_up(png: bytes) -> None:
    decoder, before = Decoder(least_s=0.3), children()
    decoder.start()
    (pid,) = children() - before
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RefusedError, match="takes too long"):
        decoder.decode(png)
    assert pid not in children()


def test_a_picture_that_takes_too_much_memory_is_refused(decoder: Decoder, child: int) -> None:
    resource.prlimit(child, resource.RLIMIT_AS, (60_000_000, 60_000_000))
    with pytest.raises(RefusedError, match="takes too much memory") as caught:
        decoder.decode(encoded(Image.new("L", (6000, 6000)), "PNG"))
    assert caught.value.kind is Kind.NO_SIZE


def test_many_threads_get_each_their_own_picture(decoder: Decoder) -> None:
    files = {grey: encoded(Image.new("L", (64 + grey, 64), grey), "PNG") for grey in range(40)}
    with ThreadPoolExecutor(8) as pool:
        pictures = dict(zip(files, pool.map(decoder.decode, files.values()), strict=True))
    assert all(p.shape == (64, 64 + grey, 3) and (p == grey).all() for grey, p in pictures.items())


def test_a_program_that_ends_leaves_no_child_and_no_word(tmp_path: Path, png: bytes) -> None:
    (tmp_path / "a.png").write_bytes(png)
    program = f"""
from pathlib import Path
from firmware.photo import read_photo
read_photo(Path({str(tmp_path / "a.png")!r}))
print(*[t.read_text().strip() for t in Path("/proc/self/task").glob("*/children")])
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert done.stderr == ""
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def answered(said: bytes) -> Pixels:
    """What the asking side makes of these bytes; whoever said them is gone afterwards."""
    ours, theirs = os.pipe()
    os.write(theirs, said)
    os.close(theirs)
    try:
        return receive(ours, deadline=time.monotonic() + PATIENCE_S)
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (HEAD.pack(Kind.PICTURE, 50_000, 50_000), "megapixels"),
        (HEAD.pack(Kind.PROMISED, 2**32 - 1, 2**32 - 1), "megapixels"),
        (HEAD.pack(Kind.PICTURE, 1, 1) + bytes(3), "is 1 x 1 px"),
        (HEAD.pack(9, 64, 64), "makes no sense"),
        (HEAD.pack(Kind.PROMISED, 64, 64) * 2, "makes no sense"),
        (HEAD.pack(Kind.NO_PHOTO, 0, 2**31), "makes no sense"),
        (HEAD.pack(Kind.NO_PHOTO, 0, 9) + b"\x1b[2Jis\n\xff!", r"^ \[2Jis .!$"),
    ],
)
def test_a_child_is_not_believed(said: bytes, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        answered(said)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_whatever_a_child_says_is_a_picture_a_refusal_or_an_end(said: bytes) -> None:
    with contextlib.suppress(RefusedError, EOFError):
        assert answered(said).size <= 3 * MOST_PIXELS


# --- the same pictures as ever --------------------------------------------------------------------------------------


def as_ever(file: bytes) -> Pixels:
    """How photos were decoded before there was a child, with numpy and Pillow's own turning."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if image.mode.startswith("I"):
        grey = np.asarray(image, np.float64) / 257
        return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (127, 127, 127, 255)), image)
    return np.asarray(image.convert("RGB"))


def _see_through(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def _16_bit(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 65536, (image.height, image.width))
    return Image.fromarray(noise.astype(np.uint16))


KINDS = {
    "jpeg": ("JPEG", lambda i: i, {"quality": 90}),
    "progressive": ("JPEG", lambda i: i, {"quality": 90, "progressive": True}),
    "grey jpeg": ("JPEG", lambda i: i.convert("L"), {}),
    "cmyk": ("JPEG", lambda i: i.convert("CMYK"), {}),
    "two pictures in one": ("MPO", lambda i: i, {"save_all": True, "append_images": [Image.new("RGB", (90, 120))]}),
    "png": ("PNG", lambda i: i, {}),
    "black and white": ("PNG", lambda i: i.convert("1"), {}),
    "rgba": ("PNG", _see_through, {}),
    "grey with alpha": ("PNG", lambda i: _see_through(i).convert("LA"), {}),
    "palette": ("PNG", lambda i: i.quantize(64), {}),
    "palette with transparency": ("PNG", lambda i: i.quantize(64), {"transparency": bytes(range(64))}),
    "colour key": ("PNG", lambda i: i, {"transparency": (1, 2, 3)}),
    "16 bit grey": ("PNG", _16_bit, {}),
}
"""What it is -> format, how the picture gets there, how it is saved."""


@pytest.fixture(scope="module")
def shared_child() -> Iterator[Decoder]:
    one = Decoder()
    yield one
    one.close()


@pytest.mark.parametrize("number", [1, 3, 5, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_every_pixel_is_what_it_was_without_a_child(
    kind: str, number: int, picture: Image.Image, shared_child: Decoder
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = number
    saved_as, convert, how = KINDS[kind]
    file = encoded(convert(picture), saved_as, exif=exif, **how)
    assert np.array_equal(shared_child.decode(file), as_ever(file))


def test_real_portraits_are_what_they_were(hopper: Path, astronaut: Path, shared_child: Decoder) -> None:
    for photo in (hopper, astronaut):
        assert np.array_equal(shared_child.decode(photo.read_bytes()), as_ever(photo.read_bytes()))


def test_damaged_files_are_refused_in_the_child_as_they_are_without_its_limits(picture: Image.Image) -> None:
    """Nothing that Pillow does on its way to an error needs what the child has given up."""
    exif = Image.Exif()
    exif[ExifTags.Base.XResolution] = 72.0
    files = [encoded(picture, kind, exif=exif) for kind in ("JPEG", "PNG")]
    random, decoder = np.random.default_rng(5), Decoder()
    for round_ in range(40):
        damaged = bytearray(files[round_ % 2])
        for position in random.integers(2, 300, 4):
            damaged[position] = random.integers(256)
        assert _outcome(lambda: decoder.decode(bytes(damaged)).tobytes()) == _outcome(  # noqa: B023
            lambda: decode(bytes(damaged)).rgb  # noqa: B023
        )
    decoder.close()


def _outcome(work: object) -> bytes:
    try:
        return bytes(work())  # type: ignore[operator]
    except RefusedError as refused:
        return str(refused).encode()
