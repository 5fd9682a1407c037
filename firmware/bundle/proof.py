"""Does a bundle that was just staged do what it promises, on this device? Asked of a process of its own, judged here.

Nothing that the other side says is believed beyond its form: an answer that is late, is no JSON, or lacks a number is a
bundle that did not pass, and so is a number that is none (NaN compares as false with every limit, so each check asks
for what must hold).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware.bundle.manifest import Manifest
from firmware.errors import BundleProofError

START_S: Final = 30.0
"""For a slow device to start Python and load the runtime."""
CROPS: Final = 24
"""Classified in one proof, at most as slowly as the budget says, or it is too slow anyway."""
ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
BOOT: Final = (
    "import sys; sys.path[:0] = sys.argv[1].split(':'); from firmware.bundle.prover import main; main(*sys.argv[2:])"
)
MOST_ANSWER_BYTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What a bundle did with its golden crops.

    labels: whether they are those of the manifest. least_cosine: of all embeddings, to the expected one. probability:
    largest difference of a class' probability. latency_ms: per crop. memory_mib: what network and gallery took.
    """

    labels: bool
    least_cosine: float
    probability: float
    latency_ms: float
    memory_mib: float


Prover = Callable[[Path, str, Manifest], Proof]
"""Tries the bundle in a folder, whose manifest has this SHA-256."""


def prove(folder: Path, digest: str, manifest: Manifest) -> Proof:
    """Try the bundle in a slot. digest: SHA-256 of its manifest. Raises BundleProofError."""
    within_s = START_S + CROPS * manifest.release.budget.latency_ms / 1000
    proof = _read(_ask([str(folder), digest], within_s))
    if trouble := judge(proof, manifest):
        raise BundleProofError(f"{manifest.id} {manifest.version} did not pass: {trouble}")
    return proof


def judge(proof: Proof, manifest: Manifest) -> str:
    """What does not hold, or nothing."""
    golden, budget = manifest.release.golden, manifest.release.budget
    checks = (
        (proof.labels, "its labels are not those that its answers were recorded with"),
        (proof.least_cosine >= golden.least_cosine, f"an embedding is off (cosine {proof.least_cosine:.4f})"),
        (proof.probability <= golden.probability, f"a probability is off by {proof.probability:.3f}"),
        (proof.latency_ms <= budget.latency_ms, f"{proof.latency_ms:.0f} ms a crop, {budget.latency_ms:g} promised"),
        (proof.memory_mib <= budget.memory_mib, f"{proof.memory_mib:.0f} MiB, {budget.memory_mib:g} promised"),
    )
    return next((text for holds, text in checks if not holds), "")


def _ask(words: list[str], within_s: float) -> bytes:
    """Run the prover; its whole answer. A group of its own, so that whatever it starts ends with it."""
    command = [sys.executable, "-I", "-S", "-B", "-c", BOOT, ":".join(_folders()), *words]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd="/",
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            answer = _bounded(process, time.monotonic() + within_s)
            process.wait(within_s)
        except (subprocess.TimeoutExpired, TimeoutError) as error:
            raise BundleProofError(f"the bundle gave no answer within {within_s:.0f} s") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise BundleProofError(f"the bundle ended the process that tried it ({_how(process.returncode)})")
    return answer


def _bounded(process: subprocess.Popen[bytes], until: float) -> bytes:
    """What it says, and no more than an answer can be. Raises TimeoutError."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    said, ready = b"", select.poll()
    ready.register(process.stdout, select.POLLIN)
    while len(said) <= MOST_ANSWER_BYTES:
        if not ready.poll(max(1000 * (until - time.monotonic()), 0)):
            raise TimeoutError
        if not (more := os.read(process.stdout.fileno(), MOST_ANSWER_BYTES)):
            return said
        said += more
    process.kill()
    return b"more than an answer"


def _how(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit status {returncode}"


def _read(answer: bytes) -> Proof:
    try:
        said: Mapping[str, Any] = json.loads(answer)
        if "error" in said:
            raise BundleProofError(f"the bundle cannot be used: {str(said['error'])[:300]}")
        return Proof(**{name: said[name] for name in Proof.__slots__})
    except BundleProofError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise BundleProofError("the process that tried the bundle gave an answer that makes no sense") from error


def _folders() -> list[str]:
    """Where the prover finds firmware and the libraries: it knows no environment, so it is told."""
    return [str(Path(__file__).parents[2]), *(place for place in sys.path if place)]
