"""One process or many: `torchrun --nproc-per-node N -m tools.train ...` is the same command.

Rules: every process draws the same order and takes its share of each batch, so a plan means the same for any number;
gradients are averaged over the whole batch; only the first process writes and speaks. Processes share one disk. The
batch's statistics (batch normalisation) are those of a process's share on a CPU, since torch has SyncBatchNorm for
CUDA only; so the result of many is close to that of one, not the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tools.errors import UsageError

DEVICES: Final = ("auto", "cpu", "cuda")
PATIENCE: Final = timedelta(hours=12)
"""How long the others wait while the first process aligns photos or looks at the calibration crops."""


@dataclass(frozen=True, slots=True)
class World:
    """This process among `size` of them, and where it computes."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    def share(self, batch: Any) -> Any:
        """This process's part of a batch."""
        return batch[self.rank :: self.size]

    def total(self, value: Any) -> float:
        """The sum of a number over all processes."""
        if self.size > 1:
            distributed.all_reduce(value)
        return float(value)

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            distributed.barrier()

    def place(self, network: Any) -> Any:
        """The network where this process computes, with batch statistics over all processes where torch can."""
        if self.size > 1 and self.device != "cpu":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return network.to(self.device, memory_format=torch.channels_last)

    def joined(self, learner: Any) -> Any:
        """The learner with its gradients averaged over all processes."""
        return DistributedDataParallel(learner) if self.size > 1 else learner


ALONE: Final = World()


@contextmanager
def join(device: str = "auto", threads: int | None = None) -> Iterator[World]:
    """Meet the other processes that torchrun started; UsageError for a device that is not there.

    threads: of each process; without it the processor's cores are shared out.
    """
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise UsageError("--device cuda: torch finds no CUDA device here")
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    here, among = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    on_cuda = cuda and device != "cpu"
    torch.set_num_threads(threads or max(1, len(os.sched_getaffinity(0)) // among))
    if on_cuda:
        torch.cuda.set_device(here)
    if size > 1:
        distributed.init_process_group("nccl" if on_cuda else "gloo", timeout=PATIENCE)
    try:
        yield World(rank, size, f"cuda:{here}" if on_cuda else "cpu")
    finally:
        if size > 1:
            distributed.destroy_process_group()
