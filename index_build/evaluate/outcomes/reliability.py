"""Whether foretold chances come true: in bins of alike chances, and where they are known, of each patient's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.draws import figure_of, weights_of_draws
from scankin.index_build.evaluate.outcomes.scores import bins_of, mean
from scankin.index_build.evaluate.outcomes.told import NEIGHBOURS, Told
from scankin.retrieval.summaries import Interval, effective_size, wilson

Floats = NDArray[np.float64]

LEAST_IN_BIN = 20
"""Patients: a share of fewer is so uncertain that nearly any interval would seem to hold it."""


@dataclass(frozen=True)
class Bin:
    """Patients with alike estimates.

    Attributes:
        patients, happened: Counts.
        foretold: Mean estimate.
        interval: Mean of the ends of their intervals.
        observed: Share in whom it happened, weighted for those lost.
        observed_interval: 95 % Wilson interval at the effective number.
        true: Mean true chance; None where it is not known.
    """

    patients: int
    happened: int
    foretold: float
    interval: Interval
    observed: float
    observed_interval: Interval
    true: float | None = None

    @property
    def is_held(self) -> bool:
        """Whether the mean interval holds the observed share; the latter's own chance takes part."""
        return self.interval[0] <= self.observed <= self.interval[1]

    @property
    def is_compatible(self) -> bool:
        """Whether the observed share's interval holds the mean estimate."""
        return self.observed_interval[0] <= self.foretold <= self.observed_interval[1]


@dataclass(frozen=True)
class AgainstTruth:
    """Estimates against the chances that constructed patients were drawn with.

    Attributes:
        patients: Of whom the true chance is known.
        own_held: Share of them whose interval holds their own true chance.
        bins_held: Bins whose mean interval holds their mean true chance, of how many.
        error: Root mean square of estimate less true chance.
        base_error: The same of the base rate.
    """

    patients: int
    own_held: Figure
    bins_held: tuple[int, int]
    error: Figure
    base_error: Figure


def bins(told: Told, true: Floats | None = None) -> tuple[Bin, ...]:
    """Return patients by their estimate, in at most ten bins; ``true`` is the true chance of each, NaN unknown."""
    found = []
    chances = told.chances[NEIGHBOURS]
    for part in bins_of(chances, LEAST_IN_BIN):
        weights = told.weights[part]
        observed = float(np.average(told.happened[part], weights=weights))
        known = None if true is None else true[part][np.isfinite(true[part])]
        found.append(
            Bin(
                patients=len(part),
                happened=int(told.happened[part].sum()),
                foretold=float(chances[part].mean()),
                interval=(float(told.low[part].mean()), float(told.high[part].mean())),
                observed=observed,
                observed_interval=wilson(observed, effective_size(weights)),
                true=None if known is None or not len(known) else float(known.mean()),
            )
        )
    return tuple(found)


def against_truth(told: Told, true: Floats) -> AgainstTruth | None:
    """Return how estimates compare with true chances, ``[q]``, NaN where unknown; None where none is known."""
    is_known = np.isfinite(true)
    patients = int(is_known.sum())
    if not patients:
        return None
    held = true[is_known]
    weights = weights_of_draws(np.ones(patients))
    inside = ((told.low[is_known] <= held) & (held <= told.high[is_known])).astype(np.float64)
    errors = [np.sqrt(mean((said[is_known] - held) ** 2, weights)) for said in (told.chances[NEIGHBOURS], told.bases)]
    some = [one for one in bins(told, true) if one.true is not None]
    return AgainstTruth(
        patients=patients,
        own_held=figure_of(mean(inside, weights), patients),
        bins_held=(sum(one.interval[0] <= (one.true or 0.0) <= one.interval[1] for one in some), len(some)),
        error=figure_of(errors[0], patients),
        base_error=figure_of(errors[1], patients),
    )
