"""What the outcomes of every allowed patient, weighted by likeness, let one expect for a query."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import Case
from scankin.retrieval.estimates.calibration import Fit, ModalityCalibration
from scankin.retrieval.estimates.curves import CURVE_OUTCOMES, Curve, Times, curve, times_of
from scankin.retrieval.estimates.evidence import BaseRate, base_rate, evidence_of
from scankin.retrieval.estimates.joint import Basis
from scankin.retrieval.estimates.kernel import BestScans, PatientRows
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Age, Sex
from scankin.retrieval.summaries import Interval, effective_size

NOT_CALIBRATED = "this version of the index was published without calibration: build it again"


@dataclass(frozen=True)
class OutcomeEstimate:
    """How likely an outcome is in patients with a scan like the query's.

    Attributes:
        name: Of the outcome.
        estimate: Kernel-weighted share, shrunk towards the base rate and recalibrated, in (0, 1); None: abstained.
        interval: 95 % interval of the share among patients whose scans are as alike; None with the estimate.
        effective_n: How many patients the evidence is worth, (sum w)^2 / sum w^2.
        patients: Allowed patients in whom the outcome counts: all take part, the nearest most.
        base: Base rate among all patients of this modality; None where it cannot be known.
        age_sex: What age and sex alone let one expect; None where unknown or not fitted.
        abstained: Why there is no estimate, in words; None where there is one.
        beats_age_sex: Whether alike patients told more than age and sex in patients held out; None: not compared.
        basis: Whether facts take part, and why; None where none were stated, or there is no estimate.
    """

    name: str
    estimate: float | None
    interval: Interval | None
    effective_n: float
    patients: int
    base: BaseRate | None
    age_sex: float | None
    abstained: str | None
    beats_age_sex: bool | None = None
    basis: Basis | None = None

    def __post_init__(self) -> None:
        if (self.estimate is None) != (self.abstained is not None):
            raise ValueError(f"{self.name}: why there is no estimate is stated exactly where there is none.")


@dataclass(frozen=True)
class Expected:
    """What is to be expected for one query.

    Attributes:
        estimates: One an outcome, in their order.
        curves: Of the outcomes within 30 days that have an estimate.
        is_near_edge: Whether the query is less alike its nearest patient than nineteen of twenty patients held out.
    """

    estimates: tuple[OutcomeEstimate, ...]
    curves: tuple[Curve, ...]
    is_near_edge: bool = False


class Estimator:
    """Answers for one modality of one version of an index. Safe to use from several threads."""

    def __init__(
        self,
        records: tuple[ScanRecord, ...],
        cases: Mapping[str, Case],
        calibration: ModalityCalibration | None,
    ) -> None:
        """Weigh every scan's outcomes.

        Args:
            records: In the order of the index.
            cases: By patient key.
            calibration: As fitted when the index was built; None: it was built without.
        """
        numbers = np.unique([record.patient for record in records], return_inverse=True)[1]
        self._patients = PatientRows(numbers)
        self._calibrations = {} if calibration is None else calibration.outcomes
        self._prognoses = {} if calibration is None else calibration.prognoses
        self._edge = None if calibration is None else calibration.edge_similarity
        self._evidence = {outcome.name: evidence_of(outcome, records, cases) for outcome in all_outcomes()}
        self._times = {name: times_of(kind, records, cases) for name, kind in CURVE_OUTCOMES.items()}
        found = {name: base_rate(evidence, numbers) for name, evidence in self._evidence.items()}
        self.base_rates = {name: rate for name, rate in found.items() if rate is not None}

    def answer(
        self,
        vector: NDArray[np.floating],
        similarities: NDArray[np.floating],
        allowed: NDArray[np.bool_],
        age: Age | None,
        sex: Sex | None,
    ) -> Expected:
        """Return an estimate of every outcome, in order, and a curve of those within 30 days that have one.

        Args:
            vector: ``[dim]``: of the query, unit length.
            similarities: ``[n]``: its cosines to every scan of the index.
            allowed: ``[n]``: scans that may answer, at least one.
            age, sex: Of the query.
        """
        best = self._patients.best(similarities, allowed)
        estimates = tuple(self._estimate(name, vector, best, age, sex) for name in self._evidence)
        curves = (self._curve(one.name, vector, best) for one in estimates if one.estimate is not None)
        is_near_edge = self._edge is not None and float(best.similarities.max()) < self._edge
        return Expected(estimates, tuple(one for one in curves if one is not None), is_near_edge)

    def _estimate(
        self, name: str, vector: NDArray[np.floating], best: BestScans, age: Age | None, sex: Sex | None
    ) -> OutcomeEstimate:
        evidence, held = self._evidence[name], self._calibrations.get(name)
        base = self.base_rates.get(name)
        known = evidence.weight[best.rows]
        patients = int((known > 0).sum())
        by_age = None if held is None or held.age_sex is None else held.age_sex.estimate(age, sex)
        if held is None or held.fit is None or base is None:
            reason = evidence.nothing_because or (held and held.refusal) or NOT_CALIBRATED
            return OutcomeEstimate(name, None, None, 0.0, patients, base, by_age, reason)
        fit = held.fit
        weights = self._weights(name, fit, vector, best) * known
        size = effective_size(weights) if weights.any() else 0.0
        beats = None if fit.losses.age_sex is None else fit.losses.neighbours < fit.losses.age_sex
        if size < fit.least_size:
            reason = (
                f"too few similar patients with a known outcome: worth {size:.1f} patients, "
                f"{fit.least_size:.1f} are needed"
            )
            return OutcomeEstimate(name, None, None, size, patients, base, by_age, reason, beats)
        share = np.array([np.average(evidence.happened[best.rows], weights=weights)])
        sizes = np.array([size])
        chance = float(fit.shape.estimate(share, sizes, base.share)[0])
        low, high = (float(end[0]) for end in fit.shape.interval(share, sizes, base.share))
        return OutcomeEstimate(
            name, chance, (min(low, chance), max(high, chance)), size, patients, base, by_age, None, beats
        )

    def _weights(self, name: str, fit: Fit, vector: NDArray[np.floating], best: BestScans) -> NDArray[np.float64]:
        """Return ``[p]``: how much each patient counts for one outcome."""
        held = self._prognoses[name]
        return fit.kernel.weights(best.similarities, held.scores[best.rows] - held.of(vector))

    def _curve(self, name: str, vector: NDArray[np.floating], best: BestScans) -> Curve | None:
        """Return the curve that ends in an outcome that was estimated, with the outcome's own kernel."""
        times: Times | None = self._times.get(name)
        fit = self._calibrations[name].fit
        if times is None or fit is None:
            return None
        return curve(name, times, best.rows, self._weights(name, fit, vector, best), fit.shape)
