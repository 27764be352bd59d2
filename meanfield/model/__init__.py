"""The Model: a mean-field model as data."""

from meanfield.model.record import Junction, Model, Preparation, Requirement, Seed, Spectrum

__all__ = ["Junction", "Model", "Preparation", "Requirement", "Seed", "Spectrum"]
