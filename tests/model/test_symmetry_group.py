"""Declared symmetries generate a group, and all of it sends solutions to solutions."""

import meanfield as mf
from meanfield.model.symmetry_group import symmetry_group

x, y = mf.unknown("x"), mf.unknown("y")
p, a = mf.parameters("p a")
square = mf.Model(
    "symmetries of the square",
    equations={x: x + p * x - x**3 - a * x * y**2, y: y + p * y - y**3 - a * y * x**2},
    symmetries=[{x: -x}, {y: -y}, {x: y, y: x}],
)


def test_the_group_of_the_square_has_eight_elements() -> None:
    found = symmetry_group((x, y), square.symmetries)
    assert len(found) == 7 and {x: -y, y: x} in found and {x: -x, y: -y} in found
    assert found[:3] == [{x: -x, y: y}, {x: x, y: -y}, {x: y, y: x}]
    assert symmetry_group((x, y), [{x: -x}]) == [{x: -x, y: y}]
    assert symmetry_group((x, y), []) == []


def test_images_under_composed_symmetries_are_one_branch_each() -> None:
    for coupling in (0.5, 2.0):
        assert len(mf.solve(square, p=1, a=coupling, find="all")) == 9
        forest = mf.bifurcation_diagram(square, along="p", window=(-1, 1), a=coupling)
        assert len(forest) == 9  # rest, four on the axes, four on the diagonals
        assert all(len(branch.events()) == 2 for branch in forest)  # two eigenvalues vanish where they meet: one point of each
