"""Continuation: branches, their events, switching between them, whole bifurcation diagrams."""

from meanfield.continuation.bifurcation import bifurcation_diagram, resume_forest
from meanfield.continuation.branch import Branch
from meanfield.continuation.driver import follow, resume, steps_along
from meanfield.continuation.event import Event
from meanfield.continuation.forest import Forest
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End, Stops

__all__ = [
    "Branch",
    "End",
    "Event",
    "Forest",
    "Steps",
    "Stops",
    "bifurcation_diagram",
    "follow",
    "resume",
    "resume_forest",
    "steps_along",
]
