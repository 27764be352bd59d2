"""Which events of a bifurcation diagram are one mark, where it stands, and what the legend calls it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meanfield.plotting.labels import symbol

if TYPE_CHECKING:
    from meanfield.continuation import Branch, Event

__all__ = ["Mark", "marks"]

_SAME = 2e-3  # of the extent of every quantity: states nearer to each other are one
# What a mark is called after, where several things happen at one point.
_ORDER = ("pitchfork", "transcritical", "branch point", "fold", "hopf", "indicator", "domain")


@dataclass
class Mark:
    """A state at which something happens; spots: branches that pass or end there, each with its own point u (N,)."""

    state: dict[str, float]
    events: list[Event]
    spots: list[tuple[Branch, Any]] = field(default_factory=list)

    @property
    def label(self) -> str:
        """``supercritical pitchfork``; ``chaos = 0: rank1-chaotic and rank1-stationary join``."""
        own = sorted((e for e in self.events if e.type in _ORDER), key=lambda e: _ORDER.index(e.type))
        meeting = [e for e in self.events if e.type == "junction"]
        text = _called(own[0]) if own and not (meeting and _is_sentence(own[0])) else ""
        phases = " and ".join(sorted({e.name for e in meeting} | {_model(e.branch) for e in meeting}))
        text = ": ".join(filter(None, [text, f"{phases} join" if phases else ""]))
        return text if self.physical else f"{text} (not physical)"

    @property
    def physical(self) -> bool:
        """Whether it concerns states that can be: on one of the branches at least, on one side at least."""
        return any(_physical(event) for event in self.events)


def marks(forest: Sequence[Branch]) -> list[Mark]:
    """The events of all branches, ends of the window apart; those at one state, of whatever model, are one mark."""
    extents = _extents(forest)
    out: list[Mark] = []
    for branch in forest:
        for event in branch.events():
            if event.type == "window":
                continue
            state = {**event.at, **event.unknowns}
            known = next((m for m in out if _alike(m.state, state, extents)), None)
            if known is None:
                known = Mark(state, [])
                out.append(known)
            known.events.append(event)
            known.spots.append((branch, event.u))
    for branch in forest:
        for k in (0, -1):
            state = {name: float(branch[name][k]) for name in (branch.along, *_unknowns(branch))}
            for mark in out:
                if _alike(mark.state, state, extents):
                    mark.spots.append((branch, branch.u[k]))
    return out


def _physical(event: Event) -> bool:
    flags = event.branch.physical if event.branch is not None else None
    if flags is None:
        return True
    low, high = max(0, math.ceil(event.place - 1e-9) - 1), min(len(flags) - 1, math.floor(event.place + 1e-9) + 1)
    return bool(flags[low] or flags[high])


def _unknowns(branch: Branch) -> list[str]:
    model = branch.model
    return [s.name for s in model.public_unknowns] if model is not None else list(branch.subject.curve.problem.names)


def _extents(forest: Sequence[Branch]) -> dict[str, float]:
    """How far every quantity ranges over all branches."""
    ranges: dict[str, list[float]] = {}
    for branch in forest:
        for name in (branch.along, *_unknowns(branch)):
            values = branch[name]
            ranges.setdefault(name, []).extend((float(values.min()), float(values.max())))
    return {name: (max(v) - min(v)) or 1.0 for name, v in ranges.items()}


def _alike(a: dict[str, float], b: dict[str, float], extents: dict[str, float]) -> bool:
    """Whether two states agree in all that both models speak of."""
    return all(abs(a[name] - b[name]) < _SAME * extents.get(name, 1.0) for name in a.keys() & b.keys())


def _model(branch: Any) -> str:
    return str(branch.model.name or branch.model.title)


def _is_sentence(event: Event) -> bool:
    """Whether the event is that a condition of the model fails, which is named by a sentence."""
    return event.type == "domain" and event.branch is not None and event.name not in event.branch.subject.curve.names


def _called(event: Event) -> str:
    if event.type == "indicator":
        return f"{event.name.replace('_', ' ')} = 0"
    if event.type == "domain":
        return event.name if _is_sentence(event) else f"{symbol(event.name)} = 0"
    return event.name
