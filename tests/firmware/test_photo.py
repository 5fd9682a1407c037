"""Photos that come from outside: every kind that is read, and every way in which one can be unusable."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from firmware.decoding.picture import decode
from firmware.decoding.wire import MOST_ENCODED_BYTES, RefusedError
from firmware.errors import (
    NoPhotosError,
    PhotoAbsentError,
    PhotoAccessError,
    PhotoError,
    PhotoSizeError,
    PhotoUnreadableError,
)
from firmware.face.mesh import MediaPipeMesher
from firmware.frame import Frame
from firmware.photo import find_photos, read_photo

SIZE = (90, 120)


@pytest.fixture
def picture() -> Image.Image:
    """Smooth, in colour, and different at every edge, so that a turn or a swapped channel shows."""
    across, down = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    return Image.fromarray(np.uint8(np.stack([220 * across, 220 * down, 110 * across + 60], axis=-1)))


def saved(image: Image.Image, path: Path, **how: object) -> Path:
    image.save(path, **how)
    return path


def difference(frame: Frame, picture: Image.Image) -> float:
    """Mean over all pixels and channels, 0 to 255."""
    return float(np.abs(frame.pixels.astype(int) - np.asarray(picture.convert("RGB")).astype(int)).mean())


def oriented(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = number
    return exif


KINDS: dict[str, tuple[str, Callable[[Image.Image], Image.Image], dict[str, object], bool]] = {
    "jpeg": ("a.jpg", lambda i: i, {"quality": 95}, True),
    "capitals": ("A.JPEG", lambda i: i, {"quality": 95}, True),
    "progressive": ("a.jpg", lambda i: i, {"quality": 95, "progressive": True}, True),
    "png": ("a.png", lambda i: i, {}, True),
    "rgba": ("a.png", lambda i: i.convert("RGBA"), {}, True),
    "colour key": ("a.png", lambda i: i, {"transparency": (1, 2, 3)}, True),
    "palette": ("a.png", lambda i: i.quantize(256), {}, True),
    "cmyk": ("a.jpg", lambda i: i.convert("CMYK"), {"quality": 95}, True),
    "png named jpg": ("a.jpg", lambda i: i, {"format": "PNG"}, True),
    "grey": ("a.png", lambda i: i.convert("L"), {}, False),
    "grey jpeg": ("a.jpg", lambda i: i.convert("L"), {"quality": 95}, False),
    "grey with alpha": ("a.png", lambda i: i.convert("LA"), {}, False),
    "16 bit grey": ("a.png", lambda i: Image.fromarray(np.asarray(i.convert("L")).astype(np.uint16) * 257), {}, False),
}
"""What it is -> file name, how the picture gets there, how it is saved, whether it has colour."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_photo_becomes_the_same_picture(kind: str, picture: Image.Image, tmp_path: Path) -> None:
    name, convert, how, has_colour = KINDS[kind]
    frame = read_photo(saved(convert(picture), tmp_path / name, **how), sequence=7)
    assert (frame.width, frame.height, frame.sequence) == (*SIZE, 7)
    assert frame.source["photo"] == str(tmp_path / name)
    assert difference(frame, picture if has_colour else picture.convert("L")) < 4


def test_transparent_parts_are_grey_and_not_what_hides_below(picture: Image.Image, tmp_path: Path) -> None:
    see_through = picture.convert("RGBA")
    see_through.putalpha(0)
    assert (read_photo(saved(see_through, tmp_path / "a.png")).pixels == 127).all()


def test_palette_with_transparency_is_read(picture: Image.Image, tmp_path: Path) -> None:
    palette = picture.quantize(16)
    hidden = np.asarray(palette) == 3
    frame = read_photo(saved(palette, tmp_path / "a.png", transparency=3))
    assert hidden.any() and (frame.pixels[hidden] == 127).all()
    assert (frame.pixels[~hidden] == np.asarray(palette.convert("RGB"))[~hidden]).all()


def test_bright_16_bit_grey_is_not_clipped(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 128).astype(np.uint16), (64, 1))
    grey = read_photo(saved(Image.fromarray(ramp), tmp_path / "a.png")).pixels[0, :, 0]
    assert (grey[0], grey[-1]) == (0, 255)
    assert abs(int(grey[64]) - 128) <= 1


@pytest.mark.parametrize("number", range(1, 9))
def test_photo_of_a_turned_camera_is_upright(number: int, picture: Image.Image, tmp_path: Path) -> None:
    turns = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
    turns |= {6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # how the camera was held, not what undoes it
    held = picture.transpose(Image.Transpose[turns[number]]) if number > 1 else picture
    frame = read_photo(saved(held, tmp_path / "a.png", exif=oriented(number)))
    assert difference(frame, picture) == 0


def test_turned_portrait_gives_the_same_face(hopper: Path, mesher: MediaPipeMesher, tmp_path: Path) -> None:
    with Image.open(hopper) as upright:
        turned = upright.transpose(Image.Transpose.ROTATE_90)
    frames = (read_photo(hopper), read_photo(saved(turned, tmp_path / "a.png", exif=oriented(6))))
    (one,), (other,) = (mesher.find(frame) for frame in frames)
    assert np.array_equal(one.landmarks, other.landmarks)


@pytest.mark.parametrize("number", [0, 9, 77])
def test_orientation_that_does_not_exist_is_ignored(number: int, picture: Image.Image, tmp_path: Path) -> None:
    assert difference(read_photo(saved(picture, tmp_path / "a.png", exif=oriented(number))), picture) == 0


def test_odd_exif_is_no_reason_to_fail(picture: Image.Image, tmp_path: Path) -> None:
    """A resolution that is said to be text: a writer of EXIF stumbles over it, and nobody asked for one."""
    exif = oriented(3)
    exif[ExifTags.Base.XResolution] = 72.0
    rational, text = (ExifTags.Base.XResolution.to_bytes(2, "big") + kind for kind in (b"\0\5", b"\0\7"))
    assert rational in exif.tobytes()
    held = picture.transpose(Image.Transpose.ROTATE_180)
    path = saved(held, tmp_path / "a.jpg", exif=exif.tobytes().replace(rational, text), quality=95)
    assert difference(read_photo(path), picture) < 4


def test_cut_off_exif_does_not_chatter(picture: Image.Image, tmp_path: Path) -> None:
    path = saved(picture, tmp_path / "a.jpg", exif=oriented(6).tobytes()[:20], quality=95)
    assert difference(read_photo(path), picture) < 4


def test_missing_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PhotoAbsentError, match=r"PHO-01 .*is not there"):
        read_photo(tmp_path / "missing.jpg")


BROKEN: dict[str, tuple[str, Callable[[bytes, bytes], bytes], str]] = {
    "empty": ("a.jpg", lambda jpeg, png: b"", "is empty"),
    "text": ("a.jpg", lambda jpeg, png: b"I am no photo" * 99, "is no JPEG or PNG"),
    "zeros": ("a.png", lambda jpeg, png: bytes(5000), "is no JPEG or PNG"),
    "cut jpeg": ("a.jpg", lambda jpeg, png: jpeg[: len(jpeg) // 2], "is damaged"),
    "cut png": ("a.png", lambda jpeg, png: png[: len(png) // 2], "is damaged"),
    "jpeg header": ("a.jpg", lambda jpeg, png: jpeg[:20], "is no JPEG or PNG"),
    "png header": ("a.png", lambda jpeg, png: png[:12], "is no JPEG or PNG"),
    "flipped bits": ("a.png", lambda jpeg, png: png[:150] + bytes([png[150] ^ 255]) + png[151:], "is damaged"),
}
"""What is wrong -> file name, the file made of a good JPEG and a good PNG, what the error says."""


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_photo_is_one_line(kind: str, picture: Image.Image, tmp_path: Path) -> None:
    jpeg, png = (saved(picture, tmp_path / f"good.{end}").read_bytes() for end in ("jpg", "png"))
    name, broken, says = BROKEN[kind]
    (tmp_path / name).write_bytes(broken(jpeg, png))
    with pytest.raises(PhotoUnreadableError, match=rf"PHO-02 .*{says}") as caught:
        read_photo(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_other_picture_formats_are_refused_whatever_their_name(kind: str, picture: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match="is no JPEG or PNG"):
        read_photo(saved(picture, tmp_path / "a.jpg", format=kind))


@pytest.mark.parametrize("size", [(1, 1), (63, 64), (4000, 63)])
def test_tiny_photo_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(PhotoSizeError, match=rf"PHO-03 .*{size[0]} x {size[1]} px"):
        read_photo(saved(Image.new("L", size), tmp_path / "a.png"))


@pytest.mark.parametrize("size", [(50_000, 900), (64, 60_000), (16_385, 64)])
def test_photo_with_an_endless_side_does_not_end_the_program(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(PhotoSizeError, match=rf"PHO-03 .*{size[0]} x {size[1]} px\. .*16,384 px"):
        read_photo(saved(Image.new("1", size), tmp_path / "a.png"))


def test_longest_side_that_is_allowed_is_one_that_mediapipe_takes(tmp_path: Path, mesher: MediaPipeMesher) -> None:
    for size in ((16_384, 64), (64, 16_384)):
        assert mesher.find(read_photo(saved(Image.new("1", size), tmp_path / "a.png"))) == ()


@pytest.mark.parametrize(("name", "mode"), [("a.png", "1"), ("a.jpg", "L")])
def test_huge_photo_is_refused_without_decoding_it(name: str, mode: str, tmp_path: Path) -> None:
    path = saved(Image.new(mode, (12_000, 9_000)), tmp_path / name)
    path.write_bytes(path.read_bytes()[:2000])  # decoding it would find it cut off
    with pytest.raises(PhotoSizeError, match=r"PHO-03 .*108 megapixels"):
        read_photo(path)


def test_bomb_is_refused(tmp_path: Path) -> None:
    path = saved(Image.new("1", (14_000, 14_000)), tmp_path / "a.png")
    with pytest.raises(PhotoSizeError, match=r"PHO-03 .*too many pixels"):
        read_photo(path)


def test_text_that_unpacks_to_a_lot_is_refused(picture: Image.Image, tmp_path: Path) -> None:
    notes = PngInfo()
    notes.add_text("comment", " " * (70 * 2**20), zip=True)
    with pytest.raises(PhotoUnreadableError, match="is damaged"):
        read_photo(saved(picture, tmp_path / "a.png", pnginfo=notes))


def test_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(MOST_ENCODED_BYTES + 1)
    with pytest.raises(PhotoSizeError, match=r"PHO-03 .*has 268 megabytes"):
        read_photo(tmp_path / "a.png")


def test_name_that_no_file_can_have_says_so() -> None:
    with pytest.raises(PhotoAccessError, match="cannot be read"):
        read_photo(Path("a\0.jpg"))


def test_folder_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "holidays.jpg").mkdir()
    with pytest.raises(PhotoAccessError, match=r"PHO-05 .*is no file"):
        read_photo(tmp_path / "holidays.jpg")


def test_pipe_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    caught: list[Exception] = []

    def read() -> None:
        try:
            read_photo(tmp_path / "a.jpg")
        except PhotoError as error:
            caught.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(10)
    assert caught and "is no file" in str(caught[0])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_of_somebody_else_says_so(picture: Image.Image, tmp_path: Path) -> None:
    path = saved(picture, tmp_path / "a.jpg")
    path.chmod(0)
    with pytest.raises(PhotoAccessError, match=r"PHO-05 .*Permission denied"):
        read_photo(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_of_somebody_else_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        with pytest.raises(PhotoAccessError, match="Permission denied"):
            list(find_photos([tmp_path]))
    finally:
        tmp_path.chmod(0o700)


def test_name_that_no_disk_allows_says_so() -> None:
    with pytest.raises(PhotoAccessError, match="File name too long"):
        list(find_photos([Path("a" * 300 + ".jpg")]))


def test_folder_gives_its_photos_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.jpeg", "notes.txt", "d.gif"):
        (tmp_path / name).touch()
    single = tmp_path / "notes.txt"
    assert [path.name for path in find_photos([single, tmp_path])] == ["notes.txt", "a.JPG", "b.png", "c.jpeg"]


def test_folder_without_photos_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NoPhotosError, match="PHO-04"):
        list(find_photos([tmp_path]))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small complete files for the property test to damage."""
    folder = tmp_path_factory.mktemp("templates")
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (66, 70, 3), np.uint8))
    exif = oriented(6)
    exif[ExifTags.Base.XResolution] = 72.0
    saves: list[tuple[Image.Image, str, dict[str, object]]] = [
        (image, "a.jpg", {"exif": exif, "quality": 5}),
        (image.convert("CMYK"), "b.jpg", {"progressive": True, "quality": 5}),
        (image.quantize(16), "c.png", {"transparency": 1, "exif": exif}),
    ]
    return [saved(one, folder / name, **how).read_bytes() for one, name, how in saves]


@settings(max_examples=300, deadline=None)
@given(
    which=st.integers(0, 2),
    changes=st.lists(st.tuples(st.integers(2, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_header_is_a_picture_or_refused_in_one_line(
    which: int, changes: list[tuple[int, int]], templates: list[bytes]
) -> None:
    damaged = bytearray(templates[which])
    for position, value in changes:
        damaged[position] = value
    try:
        picture = decode(bytes(damaged))
        assert len(picture.rgb) == picture.width * picture.height * 3
    except RefusedError as refused:
        assert "\n" not in str(refused)
