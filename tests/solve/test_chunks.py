"""Large sweeps are searched in chunks, which change nothing but the memory and what is told."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.solve import chunks

POINTS = {"g": np.linspace(0.6, 1.6, 7)[:, None], "M_m": 1, "M_n": np.linspace(0.5, 2, 4)}


@pytest.mark.parametrize("find", ["one", "all"])
def test_chunks_change_nothing(find: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = mf.models.by_name("rank1-chaotic" if find == "one" else "rank1-stationary")
    whole = mf.solve(model, find=find, **POINTS)
    monkeypatch.setattr(chunks, "POINTS", 5)
    parts = mf.solve(model, find=find, **POINTS)
    if find == "one":
        assert (whole.found == parts.found).all()
        for name in ("mu", "Delta_0"):
            with np.errstate(invalid="ignore"):
                apart = abs(whole[name] - parts[name]) > whole.error[name] + parts.error[name]
            assert not apart.any()
        assert (whole.status == parts.status).all()
    else:
        for one, other in zip(whole.points, parts.points, strict=True):
            assert len(one) == len(other)
            for a, b in zip(one, other, strict=True):
                assert abs(a["mu"] - b["mu"]) <= a.error["mu"] + b.error["mu"]


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_SEEN", 10)
    told: list[tuple[int, int | None]] = []
    mf.solve(mf.models.by_name("scs"), g=np.linspace(1.1, 3, 25), progress=lambda done, total, text: told.append((done, total)))
    assert told[-1] == (25, 25) and (10, 25) in told


def test_junctions_are_followed_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    g, D = np.array([1.5, 2.0, 2.0, 2.5, 0.5, 3.0]), np.array([0.0, 0.1, 40.0, 0.2, 0.3, 90.0])
    whole = mf.solve(mf.models.by_name("kac-rice"), g=g, D=D)
    monkeypatch.setattr(chunks, "POINTS", 2)
    parts = mf.solve(mf.models.by_name("kac-rice"), g=g, D=D)
    assert (abs(whole["beta"] - parts["beta"]) <= whole.error["beta"] + parts.error["beta"]).all()
