"""From results back to the unknowns in which a model is solved."""

import numpy as np

from meanfield import models
from meanfield.diagram.working import working_unknowns


def test_working_unknowns_are_recovered_from_those_of_results():
    chaotic = models.by_name("rank1-chaotic")
    found = working_unknowns(chaotic, {"mu": np.array([1.0]), "Delta_0": np.array([3.0]), "Delta_inf": np.array([2.0])})
    assert {name: v.tolist() for name, v in found.items()} == {"mu": [1.0], "Delta_inf": [2.0], "delta": [1.0]}
