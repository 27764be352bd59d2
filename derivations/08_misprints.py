"""Every misprint of an equation in the sources: as printed, as derived, and numbers that tell them apart.

SL are slides on fixed points of chaotic networks (Kac-Rice), RN notes on rank-one networks; F, G, H, L are the right sides of the
relaxation in RN. Averages are written as nested integrals here, as the sources do, and computed by plain quadrature: an equation
that is right vanishes at a state that the other derivations confirm, one that is misprinted does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp
from quadrature import mean, nested, newton, normal_nodes
from step import Derivation

# A structured chaotic state of the rank-one network (05), and the fixed points of the network without structure (03).
G, M_N, SIGMA_M = 2.1, 2.5, 1.0
MU, D0, DINF = 0.622399831895, 3.06958624671, 2.55359826925
GAP = D0 - DINF
SADDLE = [1.3303483261831945, 1.539586018320763, -0.3318899457114286]  # alpha, beta, gamma at g = 2, D = 0
KAPPA = M_N * mean(np.tanh, MU, D0)
C = SIGMA_M**2 * KAPPA**2  # M_n^2 Sigma_m^2 <phi>^2


def log_cosh(x: np.ndarray) -> np.ndarray:
    """Phi, the antiderivative of tanh."""
    return np.logaddexp(x, -x) - np.log(2)


def double(f: Callable[[np.ndarray], np.ndarray], outer: Callable[[np.ndarray], np.ndarray] = np.square) -> float:
    """``int Dz outer(int Dx f(mu + sqrt(Delta_0 - Delta_inf) x + sqrt(Delta_inf) z))``."""
    return nested(f, outer, MU, D0, DINF)


PHI_SQUARED = mean(lambda x: log_cosh(x) ** 2, MU, D0)
BRACES = PHI_SQUARED - double(log_cosh)  # int Dz Phi^2 - int Dz [int Dx Phi]^2


@dataclass(frozen=True)
class Misprint:
    """One equation. ``residuals()`` returns (correct form, printed form) at a state that is known; ``consequence()``, if
    given, asserts what follows from the printed form."""

    name: str
    printed: str
    correct: str
    residuals: Callable[[], tuple[float, float]]
    derived_in: str
    consequence: Callable[[], str] = lambda: ""

    def verify(self) -> str:
        """Assert that the correct form holds and the printed one does not."""
        correct, printed = self.residuals()
        assert abs(correct) < 1e-8, f"{self.name}: the correct form leaves {correct}"
        assert abs(printed) > 1e-3, f"{self.name}: the printed form leaves only {printed}; it is not told apart"
        more = self.consequence()
        return f"residual {abs(correct):.0e} if correct, {printed:.6g} as printed{'; ' + more if more else ''}"


# --- SL: beta ---
def tilted_mean(f: Callable[[np.ndarray], np.ndarray], alpha: float, beta: float, gamma: float) -> float:
    """Average over mu*."""
    z, w = normal_nodes(beta)
    y = np.sqrt(beta) * z
    w = w * np.sqrt(1 + alpha / np.cosh(y) ** 4) * np.exp(gamma * np.tanh(y) ** 2)
    return float(np.sum(w * f(y)) / np.sum(w))


def beta_residuals() -> tuple[float, float]:
    square = tilted_mean(lambda y: np.tanh(y) ** 2, *SADDLE)
    return SADDLE[1] - 4 * square, SADDLE[1] - square


def no_root_for_beta() -> str:
    """With alpha and gamma solved for at each beta in [0.02, 6], the correct equation has a root, the printed one has none."""
    steep = lambda y: np.cosh(y) ** -4

    def rest(v: np.ndarray, beta: float) -> list[float]:
        alpha, gamma = v
        spread = tilted_mean(np.square, alpha, beta, gamma)
        return [
            1 - 4 * tilted_mean(lambda y: steep(y) / (1 + alpha * steep(y)), alpha, beta, gamma),
            gamma - 2 / beta * (spread / beta - 1),
        ]

    signs: dict[str, list[float]] = {"correct": [], "printed": []}
    for side in (np.geomspace(SADDLE[1], 0.02, 30), np.geomspace(SADDLE[1], 6, 10)):
        guess = [SADDLE[0], SADDLE[2]]
        for beta in side[1:]:
            guess = list(newton(lambda v, beta=beta: rest(v, beta), [guess[0], guess[1]], tol=1e-9))
            square = tilted_mean(lambda y: np.tanh(y) ** 2, guess[0], beta, guess[1])
            signs["correct"].append(np.sign(beta - 4 * square))
            signs["printed"].append(np.sign(beta - square))
    assert len(set(signs["correct"])) == 2, signs
    assert set(signs["printed"]) == {1.0}, signs
    return "as printed only beta -> 0 is left"


# --- RN (6) ---
def energy_residuals() -> tuple[float, float]:
    correct = DINF**2 + 2 * G**2 * BRACES + 2 * C * GAP
    printed = DINF**2 + 2 * G**2 * BRACES + C * GAP
    return D0 - np.sqrt(correct), D0 - np.sqrt(printed)


def no_structured_chaos() -> str:
    """Along the states with ``mu = M_n <phi>`` and Delta_inf at rest the correct energy relation changes sign, not the other."""
    signs: dict[str, set[float]] = {"correct": set(), "printed": set()}
    # At mu = 0.61 the stationary state is passed; beyond 0.65 nothing comes to rest.
    for mu in (*np.linspace(0.05, 0.6, 6), *np.linspace(0.605, 0.66, 12)):
        variance = bisect(lambda v, mu=mu: mu - M_N * mean(np.tanh, mu, v), 0.05, 60.0)
        c, pair = SIGMA_M**2 * mu**2, lambda q, mu=mu, v=variance: nested(np.tanh, np.square, mu, v, q)
        rest = lambda q, c=c, pair=pair: q - G**2 * pair(q) - c
        grid = np.linspace(0, variance, 40)[:-1]
        values = [rest(q) for q in grid]
        for low, high, a, b in zip(grid, grid[1:], values, values[1:]):
            if a * b < 0:
                q = bisect(rest, low, high)
                gap = variance - q
                braces = mean(lambda x: log_cosh(x) ** 2, mu, variance) - nested(log_cosh, np.square, mu, variance, q)
                for name, factor in (("correct", 1.0), ("printed", 0.5)):
                    signs[name].add(float(np.sign((q**2 - variance**2) / 2 + G**2 * braces + factor * c * gap)))
    assert signs["correct"] == {1.0, -1.0}, signs
    assert len(signs["printed"]) == 1, signs
    return "as printed there is no structured chaos here"


def bisect(f: Callable[[float], float], low: float, high: float) -> float:
    """Root of f between low and high."""
    sign = np.sign(f(low))
    assert sign != np.sign(f(high)), (low, high)
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if np.sign(f(middle)) == sign else (low, middle)
    return (low + high) / 2


def rest_residuals(printed: float) -> tuple[float, float]:
    """Delta_inf minus ``g^2`` times the double integral plus c."""
    return DINF - G**2 * double(np.tanh) - C, DINF - G**2 * printed - C


def without_inner_variable() -> float:
    """``int Dz [int Dx phi(mu + sqrt(Delta_0 - Delta_inf) + sqrt(Delta_inf) z)]^2``: nothing left for x to do."""
    z, w = normal_nodes(D0)
    return float(np.sum(w * np.tanh(MU + np.sqrt(GAP) + np.sqrt(DINF) * z) ** 2))


# --- RN (7) to (9) ---
def relaxation_residuals() -> tuple[float, float]:
    """The rate of Delta_0 at a stationary state (M_n = 2.5, Sigma_m = 1, g = 1.5), where it should be at rest."""
    right = lambda v: [
        M_N * mean(np.tanh, *v),
        2.25 * mean(lambda x: np.tanh(x) ** 2, *v) + (SIGMA_M * M_N * mean(np.tanh, *v)) ** 2,
    ]
    state = newton(lambda v: v - np.array(right(v)), [1.3, 3.0])
    _, G_of_state = right(state)
    return -state[1] + G_of_state, state[1] + G_of_state


def potential_residuals() -> tuple[float, float]:
    """``dV/dDelta`` minus the force, at Delta = 1/2, of a force ``1 - Delta^3``: integrated with dDelta and with the measure D."""
    Delta, s = sp.symbols("Delta s", real=True)
    force = 1 - s**3
    ordinary = sp.integrate(force, (s, 0, Delta))
    gaussian = sp.integrate(force * sp.exp(-(s**2) / 2) / sp.sqrt(2 * sp.pi), (s, 0, Delta))
    at_half = lambda V: float((V.diff(Delta) - force.subs(s, Delta)).subs(Delta, sp.Rational(1, 2)))
    return at_half(ordinary), at_half(gaussian)


def balance_residuals() -> tuple[float, float]:
    left = -(D0**2) / 2 + G**2 * PHI_SQUARED + C * D0
    return left - (-(DINF**2) / 2 + G**2 * double(log_cosh) + C * DINF), left - (-(DINF**2) / 2 + G**2 * PHI_SQUARED + C * DINF)


def energy_in_integrals() -> tuple[float, float]:
    x = (D0**2 - DINF**2) / 2
    printed = PHI_SQUARED - double(log_cosh, outer=lambda inner: inner)
    return x - G**2 * BRACES - C * GAP, x - G**2 * printed - C * GAP


def back_substitution() -> tuple[float, float]:
    """Compared in squares: as printed, the root is that of a negative number here."""
    x = (D0**2 - DINF**2) / 2
    return D0**2 - (2 * x + DINF**2), D0**2 - (2 * x - DINF**2)


MISPRINTS = [
    Misprint(
        "SL, saddle point",
        "beta = <phi(y)^2>_{mu*} + D",
        "beta = g^2 <phi(y)^2>_{mu*} + D",
        beta_residuals,
        "03, step 'alpha, beta, gamma'",
        no_root_for_beta,
    ),
    Misprint(
        "RN (6), Delta_0",
        "Delta_0 = [Delta_inf^2 + 2 g^2 {...} + M_n^2 Sigma_m^2 <phi>^2 (Delta_0 - Delta_inf)]^(1/2)",
        "Delta_0 = [Delta_inf^2 + 2 g^2 {...} + 2 M_n^2 Sigma_m^2 <phi>^2 (Delta_0 - Delta_inf)]^(1/2)",
        energy_residuals,
        "05, step 'energy'; 06, step '(Delta_0^2 - Delta_inf^2)/2 = H'",
        no_structured_chaos,
    ),
    Misprint(
        "RN (6), Delta_inf: Phi",
        "g^2 int Dz [int Dx Phi(...)]^2 + ...",
        "g^2 int Dz [int Dx phi(...)]^2 + ...",
        lambda: rest_residuals(double(log_cosh)),
        "05, step 'as printed'",
    ),
    Misprint(
        "RN (6), Delta_inf: x",
        "mu + sqrt(Delta_0 - Delta_inf) + sqrt(Delta_inf) z",
        "mu + sqrt(Delta_0 - Delta_inf) x + sqrt(Delta_inf) z",
        lambda: rest_residuals(without_inner_variable()),
        "05, step 'as printed'",
    ),
    Misprint("RN (7), Delta_0", "Delta_0' = Delta_0 + G", "Delta_0' = -Delta_0 + G", relaxation_residuals, "04, step 'closed'"),
    Misprint(
        "RN, potential",
        "V = int DDelta dV/dDelta + C, with the Gaussian measure's D",
        "V = int dDelta dV/dDelta + C",
        potential_residuals,
        "02, step 'potential'",
    ),
    Misprint(
        "RN, energy balance",
        "-Delta_0^2/2 + g^2 <Phi(t) Phi(t)> + c Delta_0 = -Delta_inf^2/2 + g^2 <Phi(t) Phi(t)> + c Delta_inf",
        "on the right <Phi(t) Phi(t + infinity)>; likewise the second term of the difference in the next line",
        balance_residuals,
        "06, step 'energy is conserved'",
    ),
    Misprint(
        "RN, energy in integrals, and H in (8)",
        "int Dz Phi^2 - int Dz int Dx Phi(...)",
        "int Dz Phi^2 - int Dz [int Dx Phi(...)]^2",
        energy_in_integrals,
        "06, step '(Delta_0^2 - Delta_inf^2)/2 = H'",
    ),
    Misprint(
        "RN (9)",
        "Delta_0(t) = sqrt(2 x(t) - Delta_inf(t)^2)",
        "Delta_0(t) = sqrt(2 x(t) + Delta_inf(t)^2)",
        back_substitution,
        "06, step 'and back'",
    ),
]

OTHER_SLIPS = [
    "SL omits the case z* = 0 (where <s^2> <= 1)",
    "SL omits the relation alpha = g^2 z*",
    "SL omits the normalisation Z of mu* and a formula for the complexity",
    "SL omits that D is the variance of a frozen input, not the intensity of a white noise",
    "RN writes N(M_m, Sigma_m) for mean and standard deviation",
    "RN titles its third section 'chaotic', though it is the case driven by input",
    "RN never defines Sigma_I^2; it is Sigma_mI^2/Sigma_m^2 + Sigma_nI^2/Sigma_n^2 + Sigma_perp^2 (06)",
    "RN drops a parenthesis in the line of Delta_inf",
    "RN writes -kappa for -kappa(t)",
    "RN: the relaxation in pseudo-time reaches only its own attractors",
    "RN: Delta_0 = Delta_inf solves (6) and (8) identically (07)",
]


class Errata(Derivation):
    """The misprints as a list of steps."""

    def report(self) -> None:
        """Verify and print every misprint, and list the other slips."""
        print(self.title)
        print("=" * len(self.title))
        for number, misprint in enumerate(MISPRINTS, 1):
            print(f"\n({number}) {misprint.name}   [derived in {misprint.derived_in}]")
            print(f"    printed  {misprint.printed}\n    correct  {misprint.correct}\n    numbers  {misprint.verify()}")
        print("\nOther slips, without an equation to test:")
        for slip in OTHER_SLIPS:
            print(f"    - {slip}")


def derive() -> Errata:
    errata = Errata("Misprints of the sources")
    errata.steps = list(MISPRINTS)
    return errata


if __name__ == "__main__":
    derive().report()
