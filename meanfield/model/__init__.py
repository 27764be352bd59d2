"""The Model: a mean-field model as data."""

from meanfield.model.conditional import ConditionalSymmetry
from meanfield.model.motion import Motion
from meanfield.model.record import PER_NEURON, Junction, Later, Model, Preparation, Requirement, Seed, Spectrum

__all__ = [
    "PER_NEURON",
    "ConditionalSymmetry",
    "Junction",
    "Later",
    "Model",
    "Motion",
    "Preparation",
    "Requirement",
    "Seed",
    "Spectrum",
]
