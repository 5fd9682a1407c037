"""The workshop: phantoms, training, conversion, evaluation, bundles, benchmarks. Never imported by a device."""

from __future__ import annotations

import os

# Before torch is loaded: threads that wait for each other sleep instead of spinning. Where other programs want the
# cores too, a training with two threads took 11 s so, and more than 100 s spinning.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
