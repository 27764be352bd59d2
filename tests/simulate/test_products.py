"""Products of a matrix with few columns, by any of the ways in which they may be computed."""

from typing import Any

import numpy as np
import pytest

from meanfield.simulate import products


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("columns", [1, 2, 4, 7])
def test_it_is_the_product_of_what_the_buffer_holds(columns: int, kernels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_small_kernels", lambda: kernels)
    monkeypatch.setattr(products, "_SMALL", 1000)
    rng = np.random.default_rng(0)
    for N in (3, 23, 101):  # one product, some blocks of rows that do not divide N, more columns than there is room for
        J, x = rng.normal(size=(N, N)), np.empty((N, columns))
        multiply, out = products.product(J, x), np.full((N, columns), np.nan)
        for _ in range(2):
            x[:] = rng.normal(size=x.shape)
            multiply(out)
            assert np.allclose(out, J @ x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize(("rows", "inner", "columns"), [(0, 0, 0), (3, 3, 0), (0, 0, 2), (0, 0, 1), (4, 0, 2)])
def test_products_of_nothing(rows: int, inner: int, columns: int, kernels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_small_kernels", lambda: kernels)
    J, x, out = np.ones((rows, inner)), np.ones((inner, columns)), np.full((rows, columns), np.nan)
    products.product(J, x)(out)
    assert (out == 0).all()


@pytest.mark.parametrize(
    ("blas", "found", "kernels"),
    [
        ("scipy-openblas", ["SSE42", "AVX2", "AVX512F", "AVX512_SKX"], True),
        ("openblas64", ["X86_V3", "X86_V4"], True),  # as NumPy 2.4 calls it
        ("scipy-openblas", ["SSE42", "AVX2", "FMA3"], False),
        ("mkl", ["AVX512_SKX"], False),
    ],
)
def test_kernels_are_those_of_openblas_for_avx512(blas: str, found: list[str], kernels: bool, monkeypatch: Any) -> None:
    told = {"Build Dependencies": {"blas": {"name": blas}}, "SIMD Extensions": {"found": found}}
    monkeypatch.setattr(np, "show_config", lambda mode: told)
    assert products._small_kernels.__wrapped__() is kernels


def test_a_library_that_tells_nothing_has_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert products._small_kernels.__wrapped__() is False
