"""How a branch was walked, as plain data: what is needed to go on with it, bit for bit.

Numbers stand in JSON as Python writes them, which is exact; the long tables of points stand in arrays of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.branching import Branching
from meanfield.continuation.detect import Bracket
from meanfield.continuation.lane import LISTS, Lane
from meanfield.continuation.locate import Located
from meanfield.continuation.piece import Piece
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End, Stops
from meanfield.continuation.subject import Subject

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["LaneTable", "branch_data", "branch_from", "stops_from"]

_PREFIX = "lane_"
_TANGENTS = ("own", "other", "trunk")


class LaneTable:
    """The points of all lanes one below the other: ``columns[name]`` (K, N) or (K,), where N is the largest number of
    coordinates; narrower lanes are padded with NaN."""

    def __init__(self, columns: dict[str, Any] | None = None) -> None:
        self.columns = columns or {}
        self.lanes: list[Lane] = []

    @classmethod
    def of(cls, data: xr.Dataset) -> LaneTable:
        """The table in a file that `variables` went into."""
        return cls({name.removeprefix(_PREFIX): data[name].values for name in map(str, data) if name.startswith(_PREFIX)})

    def variables(self) -> dict[str, tuple[tuple[str, ...], Any]]:
        """The columns of all lanes that were added, as variables of a dataset."""
        dims = ("lane_point", "lane_coordinate")
        return {f"{_PREFIX}{name}": (dims[: values.ndim], values) for name, values in self._filled().items()}

    def add(self, lane: Lane) -> list[int]:
        """Keep a lane; returns its first row, the row behind its last, and its number of coordinates."""
        first = sum(len(known.u) for known in self.lanes)
        self.lanes.append(lane)
        return [first, first + len(lane.u), len(lane.u[0])]

    def _filled(self) -> dict[str, Any]:
        width = max((len(lane.u[0]) for lane in self.lanes), default=1)
        pad = lambda row: np.concatenate([row, np.full(width - len(row), np.nan)])
        rows = {name: [row for lane in self.lanes for row in getattr(lane, name)] for name in LISTS}
        return {name: np.array([pad(r) if np.ndim(r) else r for r in rows[name]], dtype=float) for name in LISTS}

    def fill(self, lane: Lane, where: Sequence[int]) -> None:
        """Give a lane its points back."""
        first, last, width = where
        for name in LISTS:
            block = self.columns[name][first:last]
            flat = block.ndim == 1
            setattr(lane, name, [float(v) if flat else np.array(v[:width]) for v in block])


def branch_data(branch: Branch, table: LaneTable) -> dict[str, Any]:
    """A branch without its points, which go into ``table``."""
    return {
        "begins": _name(branch.begins),
        "stops": _stops_data(branch.stops),
        "steps": asdict(branch.steps) if branch.steps is not None else None,
        "pieces": [_piece_data(piece, table) for piece in branch.pieces],
    }


def branch_from(data: dict[str, Any], table: LaneTable, subject: Subject, id: int) -> Branch:
    """The branch again."""
    pieces = tuple(_piece_from(piece, table, subject) for piece in data["pieces"])
    if len(pieces) == 2 and all(piece["twin"] for piece in data["pieces"]):
        pieces[0].lane.twin, pieces[1].lane.twin = pieces[1].lane, pieces[0].lane
    # Files of before `Steps.between` hold branches without such points.
    steps = Steps(**{"between": 0, **data["steps"]}) if data["steps"] is not None else None
    return Branch(subject, pieces, _end(data["begins"]), id, stops=stops_from(data["stops"]), steps=steps)


def _stops_data(stops: Stops | None) -> dict[str, Any] | None:
    """Rules without the user's own condition: a function is no data."""
    if stops is None:
        return None
    return {f.name: getattr(stops, f.name) for f in fields(stops) if f.name != "until"}


def stops_from(data: dict[str, Any] | None) -> Stops | None:
    """Rules again."""
    if data is None:
        return None
    window = {name: (float(low), float(high)) for name, (low, high) in data["window"].items()}
    event = None if data["event"] is None else (str(data["event"][0]), int(data["event"][1]))
    return Stops(**{**data, "window": window, "event": event})


def _piece_data(piece: Piece, table: LaneTable) -> dict[str, Any]:
    lane = piece.lane
    return {
        "rows": table.add(lane),
        "base": lane.base.tolist(),
        "step": lane.step,
        "length": lane.length,
        "end": _name(lane.end),
        "beyond": lane.beyond,
        "born": lane.born,
        "start_error": _list(lane.start_error),
        "weight": _list(lane.weight),
        "stands": None if lane.stands is None else _located_data(lane.stands),
        "twin": lane.twin is not None,
        "forward": piece.forward,
        "asked": next((i for i, one in enumerate(piece.located) if one is piece.asked), None),
        "located": [_located_data(one) for one in piece.located],
        "branchings": [_branching_data(kind) for kind in piece.branchings],
    }


def _piece_from(data: dict[str, Any], table: LaneTable, subject: Subject) -> Piece:
    lane = Lane(
        np.array(data["base"], dtype=float),
        step=float(data["step"]),
        length=float(data["length"]),
        end=_end(data["end"]),
        beyond=bool(data["beyond"]),
        born=bool(data["born"]),
        start_error=_array(data["start_error"]),
        weight=np.array(data["weight"], dtype=float),
    )
    table.fill(lane, data["rows"])
    located = tuple(_located_from(one, lane, subject) for one in data["located"])
    if data["stands"] is not None:
        lane.stands = _located_from(data["stands"], lane, subject)
    asked = None if data["asked"] is None else located[data["asked"]]
    return Piece(lane, located, tuple(_branching_from(kind) for kind in data["branchings"]), bool(data["forward"]), asked)


def _located_data(one: Located) -> dict[str, Any]:
    bracket = one.bracket
    return {
        "at": bracket.at,
        "type": bracket.type,
        "name": bracket.name,
        "edge": None if bracket.edge is None else [int(bracket.edge[0]), float(bracket.edge[1])],
        "asked": bracket.question is not None and bracket.type != "hopf",  # Hopf points are no question of the subject
        "tells": None if bracket.question is None or bracket.question.tells is None else sorted(bracket.question.tells, key=str),
        "u": one.u.tolist(),
        "error": one.error.tolist(),
        "tangent": one.tangent.tolist(),
        "scale": one.scale.tolist(),
        "place": float(one.place),
        "sharp": bool(one.sharp),
        "vector": _list(one.vector),
    }


def _located_from(data: dict[str, Any], lane: Lane, subject: Subject) -> Located:
    kind, name = str(data["type"]), str(data["name"])
    key = (kind, name, None if data.get("tells") is None else frozenset(data["tells"]))
    question = next((q for q in subject.questions if data["asked"] and q.key == key), None)
    edge = None if data["edge"] is None else (int(data["edge"][0]), float(data["edge"][1]))
    bracket = Bracket(lane, int(data["at"]), kind, name, question, edge)
    u, error, tangent, scale = (np.array(data[n], dtype=float) for n in ("u", "error", "tangent", "scale"))
    return Located(bracket, u, error, tangent, scale, float(data["place"]), bool(data["sharp"]), _array(data["vector"]))


def _branching_data(kind: Branching | None) -> dict[str, Any] | None:
    if kind is None:
        return None
    return {
        "type": kind.type,
        "side": int(kind.side),
        "supercritical": None if kind.supercritical is None else bool(kind.supercritical),
        "lost": int(kind.lost),
        **{name: _list(getattr(kind, name)) for name in _TANGENTS},
    }


def _branching_from(data: dict[str, Any] | None) -> Branching | None:
    if data is None:
        return None
    own, other, trunk = (_array(data[name]) for name in _TANGENTS)
    assert own is not None
    return Branching(str(data["type"]), own, other, trunk, int(data["side"]), data["supercritical"], int(data.get("lost", 0)))


def _name(end: End | None) -> str | None:
    return None if end is None else end.name


def _end(name: str | None) -> End | None:
    return None if name is None else End[name]


def _list(values: Any) -> list[float] | None:
    return None if values is None else np.asarray(values, dtype=float).tolist()


def _array(values: Any) -> Any:
    return None if values is None else np.array(values, dtype=float)
