"""What tests of every room share: real portraits, the shipped bundle, and where they are."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from firmware.bundle.verify import Bundle, load_bundle
from firmware.errors import MeshAbsentError
from firmware.face.mesh import MediaPipeMesher
from firmware.face.task import OWN_COPY, TASK, task_of
from firmware.frame import Frame
from firmware.photo import read_photo

REPOSITORY = Path(__file__).parents[1]
SHARED_FACES = REPOSITORY.parent / "shared" / "data" / "faces"


def _inside(package: str, *parts: str) -> Path:
    """A file inside an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None, f"{package} is not installed: make setup-test"
    return Path(spec.origin).parent.joinpath(*parts)


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """A real portrait, public domain (NASA), 512 x 512, from scikit-image."""
    return _inside("skimage", "data", "astronaut.png")


@pytest.fixture(scope="session")
def hopper() -> Path:
    """A real portrait, public domain (US Navy), 512 x 600, from matplotlib."""
    return _inside("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg")


@pytest.fixture(scope="session")
def shared_faces() -> Path:
    """Synthetic portraits that lie beside the checkout on the project's own machines."""
    if not SHARED_FACES.is_dir():
        pytest.skip("the portraits of ../shared are not here")
    return SHARED_FACES


@pytest.fixture(scope="session")
def phantom_folder() -> Path:
    """The bundle that ships."""
    return REPOSITORY / "models" / "phantom"


@pytest.fixture(scope="session")
def phantom(phantom_folder: Path) -> Bundle:
    """The bundle that ships, verified."""
    return load_bundle(phantom_folder)


@pytest.fixture(scope="session")
def landmarker_task() -> bytes:
    """MediaPipe's face_landmarker.task: $LANDMARKER_TASK, the user's own copy, or the one beside the checkout."""
    beside = REPOSITORY.parent / "shared" / "data" / "mediapipe" / TASK
    for path in (Path(os.environ.get("LANDMARKER_TASK", "")), OWN_COPY, beside):
        if path.is_file():
            return task_of({}, path)
    pytest.skip(f"{TASK} is not here: make landmarker-task")


@pytest.fixture(scope="session")
def mesher() -> Iterator[MediaPipeMesher]:
    """Face Mesh for stills."""
    try:
        found = MediaPipeMesher()
    except MeshAbsentError as error:
        pytest.skip(str(error))
    with found:
        yield found


@pytest.fixture(scope="session")
def hopper_frame(hopper: Path) -> Frame:
    """Grace Hopper as a frame."""
    return read_photo(hopper)


@pytest.fixture(scope="session")
def astronaut_frame(astronaut: Path) -> Frame:
    """Eileen Collins as a frame."""
    return read_photo(astronaut)


pytest_plugins = ("tests.running", "tests.browser")

settings.register_profile("house", deadline=None)  # how long an example takes is up to who else is on the machine
settings.load_profile("house")
