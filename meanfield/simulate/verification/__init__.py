"""Theory beside finite networks."""

from meanfield.simulate.verification.driver import verify
from meanfield.simulate.verification.record import Comparison, Verdict, Verification

__all__ = ["Comparison", "Verdict", "Verification", "verify"]
