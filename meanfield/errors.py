"""Every error that `meanfield` raises on purpose.

A message says what was got, what was expected and what to do about it.
"""

__all__ = [
    "AverageError",
    "FileFormatError",
    "MeanfieldError",
    "ModelError",
    "NoSolution",
    "ParameterError",
    "QuadratureError",
    "TransferError",
    "brief",
]

_LONGEST = 60


def brief(value: object) -> str:
    """What was got, for a message: long texts are cut, and of an array its kind and shape."""
    shape = getattr(value, "shape", None)
    if shape:
        return f"an array of {getattr(value, 'dtype', 'values')} of shape {shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... (of type {type(value).__name__})"


class MeanfieldError(Exception):
    """Base of all errors of this package: catch it to catch them all."""


class ModelError(MeanfieldError, ValueError):
    """A model or a condition on it is inconsistent.

    Usual causes: an unknown without an equation, a symbol that is neither unknown, parameter nor
    definition, a condition that does not apply to this model.
    """


class ParameterError(MeanfieldError, ValueError):
    """A parameter is missing, misspelt, not a number, or outside its domain.

    Usual causes: a parameter of the model was not given, a negative gain or variance, a NaN, arrays whose
    shapes do not broadcast.
    """


class AverageError(MeanfieldError, ValueError):
    """A Gaussian average is not well formed.

    Usual causes: a covariance that is not positive semi-definite, a random variable outside of an average, a
    density that cannot be normalised, more random variables than the quadrature supports.
    """


class QuadratureError(MeanfieldError):
    """An integral could not be evaluated to the accuracy asked for.

    Usual causes: an integrand that grows faster than its Gaussian weight decays, an undeclared kink or nearby
    pole of a custom transfer function, a tolerance below rounding.
    """


class TransferError(MeanfieldError, ValueError):
    """A transfer function lacks what was asked of it.

    Usual causes: an order below -1, an unknown name, a custom function without a known antiderivative or with
    a kink that was not declared.
    """


class NoSolution(MeanfieldError):
    """No solution was found where one was required.

    Usual causes: the state does not exist at these parameters, a start outside the basin of attraction, a
    tolerance below rounding.
    """


class FileFormatError(MeanfieldError, ValueError):
    """A file is not what it should be.

    Usual causes: a truncated file, a file of another program, a format version newer than this package.
    """
