"""A diagram that is interrupted, saved, loaded and resumed is the one that was never interrupted, and nothing is computed twice."""

import importlib
import inspect

import numpy as np
import pytest

import meanfield as mf
from meanfield import store
from meanfield.continuation.walk import Walk
from meanfield.diagram.classify import NOTHING, UNSOLVED
from meanfield.errors import FileFormatError, ParameterError
from tests import fakes
from tests.diagram.test_diagram import two_lines

grid = importlib.import_module("meanfield.diagram.grid")
room = importlib.import_module("meanfield.solve")
STAGES = ("solve_plane", "search_again", "solve_between", "_walk", "walk")  # the innermost first: a curve is traced in _walk


def cusp():
    return mf.diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=4, chunk=6)


def lines():
    return mf.diagram(two_lines(), plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=3, conditions=["order", "sign"])


def two():
    return mf.diagram([fakes.pitchfork(), fakes.cusp()], plane=("a", "b"), window=((-1.05, 1.0), (-0.5, 0.5)), points=6)


class Steps:
    """Counts what is computed, by the stage that asks for it, and interrupts one of them."""

    def __init__(self, patch):
        self.done, self.stop = [], None
        solve, advance = room.solve, Walk.advance
        patch.setattr(room, "solve", lambda *a, **k: self.step() or solve(*a, **k))
        patch.setattr(Walk, "advance", lambda walk: self.step() or advance(walk))

    def step(self):
        frame, names = inspect.currentframe(), set()
        while frame := frame.f_back:
            names.add(frame.f_code.co_name)
        stage = next(name for name in STAGES if name in names)
        if self.stop == (stage, self.done.count(stage)):
            self.stop = None
            raise KeyboardInterrupt
        self.done.append(stage)


@pytest.fixture
def steps(monkeypatch):
    return Steps(monkeypatch)


def told(d):
    """Everything that a diagram says."""
    curves = [(c.model, c.condition, c.equation, c.ends, c.points, c.errors, c.path, c.bounds) for c in d.curves]
    found = [point for sheet in d.sheets for point in sheet.points]
    states = [(one.unknowns, one.error, one.indicators, one.status, one.stable) for point in found for one in point]
    return d.region, d.labels, d.fine, d.sure, curves, d.corners, d.certificate, d.regions(), d.failures, d.summary(), states


@pytest.fixture(scope="module")
def known():
    return {}


@pytest.fixture
def uninterrupted(known, steps):
    """The diagram as it is without an interrupt, and how many steps that takes."""

    def of(draw):
        if draw not in known:
            steps.done = []
            known[draw] = (draw(), len(steps.done))
        steps.done = []
        return known[draw]

    return of


def assert_same(d, other):
    np.testing.assert_equal(told(d), told(other))  # bit for bit


@pytest.mark.parametrize(
    ("draw", "stage", "number", "model"),
    [
        (cusp, "solve_plane", 2, fakes.cusp),
        (cusp, "walk", 5, fakes.cusp),
        (cusp, "_walk", 20, fakes.cusp),
        (lines, "walk", 40, two_lines),
        (lines, "solve_between", 0, two_lines),
        (two, "solve_plane", 1, lambda: [fakes.pitchfork(), fakes.cusp()]),
    ],
)
def test_a_resumed_diagram_is_the_whole_one(steps, uninterrupted, tmp_path, draw, stage, number, model):
    whole, every = uninterrupted(draw)
    steps.stop = (stage, number)
    part = draw()
    assert part.interrupted and (part.unsolved > 0) == (stage == "solve_plane")
    assert NOTHING not in part.labels and (UNSOLVED in part.labels) == (stage == "solve_plane")
    part.to_netcdf(tmp_path / "d.nc")
    before = len(steps.done)
    back = store.load_diagram(tmp_path / "d.nc", model())
    assert back.interrupted and len(steps.done) == before
    assert_same(back, part)
    assert mf.resume_diagram(back) is back and not back.interrupted
    assert_same(back, whole)
    lost = before - (every - (len(steps.done) - before))
    assert lost < (1 if stage.startswith("solve") else 60)  # no more than the piece that the interrupt came in
    assert_same(mf.resume_diagram(part), whole)  # the one in memory goes on too
    back.to_netcdf(tmp_path / "whole.nc")
    finished = len(steps.done)
    assert_same(mf.resume_diagram(store.load_diagram(tmp_path / "whole.nc", model())), whole)
    assert len(steps.done) == finished


@pytest.mark.parametrize("number", [0, 2])
def test_an_interrupted_search_for_what_was_missed_goes_on(steps, monkeypatch, tmp_path, number):
    chunk = grid._chunk
    # At one point of the first chunk with three solutions only one is found.
    monkeypatch.setattr(grid, "_chunk", lambda job: [p[:1] if i == 5 else p for i, p in enumerate(chunk(job))])
    steps.done = []
    whole = cusp()
    assert whole.certificate and steps.done.count("search_again") > 2
    steps.done, steps.stop = [], ("search_again", number)
    part = cusp()
    assert part.interrupted and not part.certificate
    part.to_netcdf(tmp_path / "d.nc")
    assert_same(mf.resume_diagram(store.load_diagram(tmp_path / "d.nc", fakes.cusp())), whole)


def test_an_interrupt_may_come_again_and_again(steps, uninterrupted, tmp_path):
    whole, _ = uninterrupted(two)
    d, seen = None, 0
    for stage, number in (("solve_plane", 1), ("walk", 3), ("_walk", 2), ("walk", 60)):
        steps.done, steps.stop = [], (stage, number)
        d = two() if d is None else mf.resume_diagram(store.load_diagram(tmp_path / "d.nc", [fakes.cusp(), fakes.pitchfork()]))
        seen += d.interrupted
        d.to_netcdf(tmp_path / "d.nc")
    assert seen >= 3
    steps.stop = None
    assert_same(mf.resume_diagram(store.load_diagram(tmp_path / "d.nc", [fakes.pitchfork(), fakes.cusp()])), whole)


def test_points_that_were_not_reached_are_not_called_empty(steps, tmp_path):
    steps.stop = ("solve_plane", 1)
    d = cusp()
    assert d.unsolved == 10 and d.labels.count(UNSOLVED) == 1 and "10 grid points are not solved" in d.summary()
    assert f"{UNSOLVED} in " in d.summary() and "no solution" not in d.summary()
    count = d.to_dataset()["number_of_solutions"].values.ravel()
    assert (count[:6] > 0).all() and (count[6:] == -1).all()
    (region,) = (r for r in d.regions() if r.label == UNSOLVED)
    assert region.states == ()


def test_phases_with_another_transfer_function_are_found_again():
    """They are new objects whenever a junction is asked for them."""
    from meanfield.store.subjects import candidates

    model = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.by_name("erf"))
    assert [one.name for one in candidates(model, [])] == ["rank1-stationary", "rank1-chaotic"]


def test_a_file_of_another_model_is_refused(tmp_path):
    cusp().to_netcdf(tmp_path / "d.nc")
    with pytest.raises(FileFormatError, match="holds a diagram of cusp in x, whose equations are not those of pitchfork"):
        store.load_diagram(tmp_path / "d.nc", fakes.pitchfork())
    data = store.load(tmp_path / "d.nc")
    store.save(data.drop_vars("work"), tmp_path / "torn.nc")
    with pytest.raises(FileFormatError, match="what it holds is not whole") as refused:
        store.load_diagram(tmp_path / "torn.nc", fakes.cusp())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["d.nc", None, fakes.cusp])
def test_only_a_diagram_is_resumed(value):
    with pytest.raises(ParameterError, match="needs a PhaseDiagram, got .*load_diagram"):
        mf.resume_diagram(value)


def test_what_is_no_model_is_not_blamed_on_the_file(tmp_path):
    cusp().to_netcdf(tmp_path / "d.nc")
    with pytest.raises(ParameterError, match="load_diagram needs a Model, got the text 'cusp'"):
        store.load_diagram(tmp_path / "d.nc", "cusp")
