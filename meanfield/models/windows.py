"""For every model of the library a window in which its phase diagram is known to be complete (the certificate is empty)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Window", "window"]


@dataclass(frozen=True)
class Window:
    """models: names of those that share the plane; plane: two parameters; ranges: of the two; parameters: those held fixed."""

    models: tuple[str, ...]
    plane: tuple[str, str]
    ranges: tuple[tuple[float, float], tuple[float, float]]
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The command that draws it."""
        axes = [f"--{axis} {name}={a:g}:{b:g}" for axis, name, (a, b) in zip("xy", self.plane, self.ranges, strict=True)]
        held = [f"-p {name}={value:g}" for name, value in self.parameters.items()]
        return " ".join(["meanfield diagram", *self.models, *axes, *held])


_WINDOWS = (
    Window(("rank1-stationary", "rank1-chaotic"), ("g", "M_n"), ((0, 3), (0, 4)), {"M_m": 1, "Sigma_m": 0}),
    Window(("rank1-input-stationary", "rank1-input-chaotic"), ("g", "M_I"), ((0, 3), (-0.6, 0.6)), {"M_m": 1, "M_n": 3}),
    Window(("scs",), ("g", "sigma_squared"), ((0, 3), (0, 1))),
    Window(("kac-rice", "kac-rice-single"), ("g", "D"), ((0, 3), (0, 16))),
)


def window(model: str) -> Window | None:
    """The window of the model of that name; None for one without (`kac-rice-action` has data, not a plane)."""
    return next((w for w in _WINDOWS if model in w.models), None)
