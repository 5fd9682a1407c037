"""The face's mesh: which landmarks form triangles, rings and pairs, worked out from MediaPipe's own edge lists.

Rules: 478 points, the last ten being the irises (centre first, subject's right eye first); triangles are derived at
run time from the tessellation's directed edges; holes (two eyes, mouth) are ordered rings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations

import numpy as np
from mediapipe.python.solutions import face_mesh_connections as connections
from numpy.typing import NDArray

POINTS = 478
FACE_POINTS = 468
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)

SEED = (4, 5, 51)
"""A triangle on the nose, from which the others take their direction."""

Edge = tuple[int, int]
Triangle = tuple[int, int, int]
Indices = NDArray[np.int32]


@cache
def triangles() -> Indices:
    """The 852 triangles [852,3] over 468 points, every one turning the same way (anticlockwise in a frontal picture).

    Two three-edge cycles around the nostrils are no triangles of the mesh: all their edges belong to two others.
    """
    near: dict[int, set[int]] = {}
    for a, b in connections.FACEMESH_TESSELATION:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    found = {(a, b, c) for a in near for b in near[a] if b > a for c in near[a] & near[b] if c > b}
    count = Counter(edge for t in found for edge in combinations(t, 2))
    true = {t for t in found if any(count[edge] < 3 for edge in combinations(t, 2))}
    return np.array(sorted(_turn_alike(true)), np.int32)


def _turn_alike(unordered: set[Triangle]) -> list[Triangle]:
    """The triangles, each turned so that neighbours run along their common edge in opposite directions."""
    by_edge: dict[Edge, list[Triangle]] = {}
    for t in unordered:
        for edge in combinations(t, 2):
            by_edge.setdefault(edge, []).append(t)
    done: dict[Triangle, Triangle] = {SEED: SEED}
    waiting = [SEED]
    while waiting:
        a, b, c = done[waiting.pop()]
        for start, end in ((a, b), (b, c), (c, a)):
            for other in by_edge[min(start, end), max(start, end)]:
                if other not in done:
                    (third,) = set(other) - {start, end}
                    done[other] = (end, start, third)
                    waiting.append(other)
    return list(done.values())


def ring(edges: Iterable[Edge], start: int) -> list[int]:
    """The closed ring of undirected edges that holds `start`, in order."""
    near: dict[int, list[int]] = {}
    for a, b in edges:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    order = [start, min(near[start])]
    while (following := next(n for n in near[order[-1]] if n != order[-2])) != start:
        order.append(following)
    return order


@cache
def oval() -> Indices:
    """The 36 points of the face's outline, from the top of the forehead (10)."""
    return np.array(ring(connections.FACEMESH_FACE_OVAL, 10), np.int32)


@cache
def eye_ring(left: bool) -> Indices:
    """The 16 points around the subject's left (or right) eye opening, from the outer corner."""
    edges = connections.FACEMESH_LEFT_EYE if left else connections.FACEMESH_RIGHT_EYE
    return np.array(ring(edges, 263 if left else 33), np.int32)


@cache
def lip_ring(inner: bool) -> Indices:
    """The 20 points of the inner (or outer) border of the lips, from the subject's right corner."""
    return np.array(ring(connections.FACEMESH_LIPS, 78 if inner else 61), np.int32)
