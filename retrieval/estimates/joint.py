"""An estimate from the picture's estimate and clinical facts together, and how it did in patients held out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

ENOUGH = 0.5
"""Share of the model's facts that a query must state for the joint estimate."""

_LEAST = 1e-6
_Z = 1.959964


@dataclass(frozen=True)
class JointModel:
    """A logistic curve over the logit of the picture's estimate and facts, each with whether it is missing.

    Attributes:
        names: Of the facts.
        centres, scales: Mean and standard deviation by fact, of the patients it was fitted on.
        coefficients: Of 1, the logit, each standardised fact (0 where missing), and each "is missing".
        covariance: Of the coefficients, from the curvature at the fit (Laplace).
    """

    names: tuple[str, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def states_enough(self, facts: Mapping[str, float]) -> bool:
        """Whether facts are enough of the model's to be asked."""
        return sum(name in facts for name in self.names) >= ENOUGH * len(self.names)

    def estimate(
        self, picture: float, interval: tuple[float, float], facts: Mapping[str, float]
    ) -> tuple[float, tuple[float, float]]:
        """Return the joint chance and its 95 % interval.

        The interval is symmetric on the logit scale: the picture's own half width times its coefficient, and the
        coefficients' standard error, joined as independent.

        Args:
            picture: The picture's estimate.
            interval: Its 95 % interval.
            facts: Of the query.
        """
        ends = special.logit(np.clip([picture, *interval], _LEAST, 1 - _LEAST))
        values = np.array([[facts.get(name, np.nan) for name in self.names]])
        terms = joint_terms(ends[:1], values, np.array(self.centres), np.array(self.scales))[0]
        coefficients = np.array(self.coefficients)
        middle = float(terms @ coefficients)
        of_picture = coefficients[1] * (ends[2] - ends[1]) / 2
        of_fit = _Z**2 * float(terms @ np.array(self.covariance) @ terms)
        half = float(np.sqrt(of_picture**2 + of_fit))
        chance, low, high = (float(special.expit(one)) for one in (middle, middle - half, middle + half))
        return chance, (low, high)


@dataclass(frozen=True)
class JointFit:
    """How a joint estimate did in inner folds by patient.

    Attributes:
        patients: Held out, who state enough facts.
        gain: Log loss of the picture's estimate less that of the joint one, mean over them; above 0 is better.
        interval: 95 %, paired by patient.
        model: Fitted on all; None where the interval does not lie above 0: then it is never used.
    """

    patients: int
    gain: float
    interval: tuple[float, float]
    model: JointModel | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the fit of plain JSON values."""
        model = raw["model"]
        return cls(
            patients=raw["patients"],
            gain=raw["gain"],
            interval=(raw["interval"][0], raw["interval"][1]),
            model=model
            and JointModel(
                names=tuple(model["names"]),
                centres=tuple(model["centres"]),
                scales=tuple(model["scales"]),
                coefficients=tuple(model["coefficients"]),
                covariance=tuple(tuple(row) for row in model["covariance"]),
            ),
        )


@dataclass(frozen=True)
class Basis:
    """What an estimate rests on, where facts were stated.

    Attributes:
        has_facts: Whether facts take part; else the picture alone.
        why: In words.
        picture: The estimate from the picture alone.
    """

    has_facts: bool
    why: str
    picture: float | None


def joint_terms(logits: Floats, values: Floats, centres: Floats, scales: Floats) -> Floats:
    """Return ``[n, 2 + 2 f]``: what the coefficients of a joint model multiply.

    Args:
        logits: ``[n]`` of the picture's estimates.
        values: ``[n, f]`` facts, NaN where missing.
        centres, scales: ``[f]``.
    """
    is_missing = np.isnan(values)
    standard = np.where(is_missing, 0.0, (values - centres) / scales)
    terms: Floats = np.column_stack([np.ones(len(logits)), logits, standard, is_missing.astype(np.float64)])
    return terms
