"""Products of a large square matrix with few columns, in the way that linear algebra libraries do them fastest."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["product"]

Array = Any

_FEW = 4  # columns up to which products with single columns are faster than one with all
_SMALL = 1_000_000  # multiplications in a product for which OpenBLAS has kernels without any copying


def product(J: Array, x: Array) -> Callable[[Array], Any]:
    """A function that writes ``J @ x`` into a given array (N, B); x (N, B) is a buffer whose contents may change between calls.

    Where processors have AVX-512, OpenBLAS multiplies small matrices without copying them first: a product in blocks of rows of
    that size takes a half to a fifth of the time of one call for 2 to 8 columns (N = 500 to 2000, measured). Elsewhere products
    with single columns are faster for a few of them.
    """
    if x.shape[1] == 1:
        column = x[:, 0]
        return lambda out: J.dot(column, out[:, 0])
    rows = _SMALL // max(x.size, 1)
    if 0 < rows < len(J) and _small_kernels():
        parts = [slice(k, k + rows) for k in range(0, len(J), rows)]
        blocks = [(part, J[part]) for part in parts]
        return lambda out: [block.dot(x, out[part]) for part, block in blocks]
    if x.shape[1] <= _FEW and not (rows and _small_kernels()):
        return lambda out: _by_columns(J, x, out)
    return lambda out: J.dot(x, out)


def _by_columns(J: Array, x: Array, out: Array) -> None:
    for b in range(x.shape[1]):
        out[:, b] = J @ x[:, b]


@lru_cache(maxsize=1)
def _small_kernels() -> bool:
    found: Any = np.show_config(mode="dicts")
    blas = found.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    return "openblas" in blas and any(
        name in ("AVX512_SKX", "X86_V4") for name in found.get("SIMD Extensions", {}).get("found", [])
    )
