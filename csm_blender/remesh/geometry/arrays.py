# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrays that surfaces are made of, and how they are counted without being sorted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BITS = 63


def used_of(indices: Indices, count: int) -> Indices:
    """The numbers below *count* that *indices* holds, each once, in order."""
    seen = np.zeros(count, dtype=bool)
    seen[indices.ravel()] = True
    return np.flatnonzero(seen)


def numbered(indices: Indices, count: int) -> Indices:
    """*indices* (n,), all below *count*, numbered anew in their order without gaps."""
    seen = np.zeros(count, dtype=bool)
    seen[indices] = True
    return np.asarray((np.cumsum(seen) - 1)[indices])


def first_of_each(groups: Indices, count: int) -> Indices:
    """Where each of the numbers below *count* comes first in *groups* (n,), which holds them all."""
    first = np.empty(count, dtype=np.int64)
    first[groups[::-1]] = np.arange(len(groups) - 1, -1, -1)
    return first


def order_of(keys: Indices) -> Indices:
    """What sorts *keys* (n,), which are not negative; equal ones stay in their order."""
    bits = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + bits > _BITS:
        return np.argsort(keys, kind="stable")
    # Sorting numbers is faster than finding what sorts them.
    return np.asarray(np.sort(keys << bits | np.arange(len(keys))) & ((1 << bits) - 1))


def key_of(rows: Indices, count: int) -> Indices | None:
    """One number for each of *rows* (n, k) of numbers below *count*, in their order; ``None`` if too large."""
    bits = max(count - 1, 1).bit_length()
    if bits * rows.shape[1] > _BITS:
        return None
    key = rows[:, 0]
    for column in rows.T[1:]:
        key = key << bits | column
    return np.asarray(key)


def order_of_rows(rows: Indices, count: int) -> Indices:
    """What sorts *rows* (n, k) of numbers below *count*, by the first column first; equal ones stay in their order."""
    key = key_of(rows, count)
    return np.lexsort(rows.T[::-1]) if key is None else order_of(key)
