"""Finite networks: drawn, run, measured, and compared with the theory of infinite ones."""

from meanfield.simulate.averages import Measured
from meanfield.simulate.run import Simulation, simulate
from meanfield.simulate.sample import Sample, sample
from meanfield.simulate.settings import Settings, Start

__all__ = ["Measured", "Sample", "Settings", "Simulation", "Start", "sample", "simulate"]
