"""Whether estimates of more evidence err less: error by the share answered, those of least evidence last."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.draws import figure_of, weights_of_draws
from scankin.index_build.evaluate.outcomes.scores import mean
from scankin.index_build.evaluate.outcomes.told import NEIGHBOURS, Told

Floats = NDArray[np.float64]

COVERAGES = tuple(round(0.1 * step, 1) for step in range(10, 0, -1))
LEAST = 10
"""Patients: an error of fewer is not drawn."""


@dataclass(frozen=True)
class Answering:
    """The patients with the most evidence, so many.

    Attributes:
        coverage: Share of those with an estimate.
        patients: How many.
        least_size: Least effective number among them.
        error: Brier score of their estimates less that of the base rate; below 0 the estimates are better.
        true_error: Root mean square of estimate less true chance; None where it is not known.
    """

    coverage: float
    patients: int
    least_size: float
    error: Figure
    true_error: Figure | None


@dataclass(frozen=True)
class Abstention:
    """Error against evidence.

    Attributes:
        answering: By falling coverage.
        most_less_least: The error (as in ``Answering``) of the half with the most evidence less that of the other half:
            below 0, abstaining where evidence is little cuts the error.
        true_most_less_least: The same of the root mean square error against true chances.
    """

    answering: tuple[Answering, ...]
    most_less_least: Figure
    true_most_less_least: Figure | None


def abstention(told: Told, true: Floats | None = None) -> Abstention:
    """Return error against evidence; ``true`` is the true chance of each patient, NaN where it is not known.

    Errors are less those of the base rate on the same patients: a Brier score alone is small wherever the outcome is
    rare, however little is known.
    """
    order = np.argsort(-told.sizes, kind="stable")
    said = told.chances[NEIGHBOURS]
    gains = (said - told.happened) ** 2 - (told.bases - told.happened) ** 2
    weights = weights_of_draws(told.weights)
    has_truth = true is not None and np.isfinite(true).all()
    squares = (said - true) ** 2 if true is not None and has_truth else None
    counts = weights_of_draws(np.ones(len(said)))
    found = []
    for coverage in COVERAGES:
        part = order[: round(coverage * len(order))]
        if len(part) < LEAST:
            break
        found.append(
            Answering(
                coverage=coverage,
                patients=len(part),
                least_size=float(told.sizes[part].min()),
                error=figure_of(mean(gains[part], weights[:, part]), len(part)),
                true_error=None if squares is None else figure_of(_root(squares, counts, part), len(part)),
            )
        )
    most, least = order[: len(order) // 2], order[len(order) // 2 :]
    return Abstention(
        tuple(found),
        figure_of(mean(gains[most], weights[:, most]) - mean(gains[least], weights[:, least]), len(order)),
        None
        if squares is None
        else figure_of(_root(squares, counts, most) - _root(squares, counts, least), len(order)),
    )


def _root(squares: Floats, counts: Floats, part: NDArray[np.int64]) -> Floats:
    found: Floats = np.sqrt(mean(squares[part], counts[:, part]))
    return found
