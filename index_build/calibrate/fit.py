"""Fits each outcome's kernel, shrinkage, recalibration, width and threshold on patients held out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.index_build.calibrate.held_out import FOLDS, HeldOut, held_out
from scankin.index_build.calibrate.joint import Told, joint_of
from scankin.index_build.calibrate.logistic import fit_logistic
from scankin.retrieval.case import Case
from scankin.retrieval.estimates.age_sex import AgeSexModel, age_sex_terms
from scankin.retrieval.estimates.calibration import Calibration, Fit, Losses, ModalityCalibration, OutcomeCalibration
from scankin.retrieval.estimates.evidence import BaseRate, Evidence, base_rate, evidence_of
from scankin.retrieval.estimates.kernel import PatientRows
from scankin.retrieval.estimates.posterior import Shape, shrunk
from scankin.retrieval.estimates.prognosis import Prognosis
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality

LEAST_PATIENTS, LEAST_OF_EACH = 60, 10
"""Patients in whom an outcome counts, and of them with and without it, below which nothing can be fitted."""

STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
SMALLEST_SIZE = 5.0
"""An estimate of fewer patients' worth of evidence is never given, whatever was fitted."""

EDGE_SHARE = 0.05
"""Of patients held out are less alike their nearest patient than a query that is said to be near the edge."""

NOBODY_ASKED = "it is known in none of the scans by which patients were asked about when the index was built"

_CLIP = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Asked:
    """Patients held out in whom one outcome is known."""

    happened: Floats
    weights: Floats  # sum to the number of patients
    folds: NDArray[np.int64]
    bases: Floats  # base rate without the patient's own fold
    records: tuple[ScanRecord, ...]


def calibrate(indexes: Mapping[Modality, ScanIndex], cases: Mapping[str, Case]) -> Calibration:
    """Return the calibration of every outcome in every modality; the same for the same index.

    Args:
        indexes: One a modality.
        cases: By patient key.
    """
    return {modality: _of_modality(index, cases) for modality, index in sorted(indexes.items())}


def _of_modality(index: ScanIndex, cases: Mapping[str, Case]) -> ModalityCalibration:
    outcomes = all_outcomes()
    evidence = [evidence_of(outcome, index.records, cases) for outcome in outcomes]
    numbers = index.patients
    bases = [base_rate(one, numbers) for one in evidence]
    found: dict[str, OutcomeCalibration] = {}
    prognoses: dict[str, Prognosis] = {}
    fitting, edge = [], None
    for place, (outcome, one) in enumerate(zip(outcomes, evidence, strict=True)):
        refusal = one.nothing_because or _too_few(one, numbers)
        if refusal is None:
            fitting.append(place)
        else:
            found[outcome.name] = OutcomeCalibration(bases[place], refusal=refusal)
    if fitting:
        answers = held_out(index, [evidence[place] for place in fitting], PatientRows(numbers))
        for column, place in enumerate(fitting):
            name, scores = outcomes[place].name, answers.prognoses[column]
            if scores is None:
                found[name] = OutcomeCalibration(bases[place], refusal=NOBODY_ASKED)
                continue
            prognoses[name], worth = scores
            found[name] = _fitted(bases[place], index, evidence[place], answers, column, numbers, worth)
        nearest = answers.nearest[np.isfinite(answers.nearest)]
        edge = float(np.quantile(nearest, EDGE_SHARE)) if len(nearest) >= LEAST_PATIENTS else None
    return ModalityCalibration(found, edge, prognoses)


def _too_few(evidence: Evidence, patients: NDArray[np.int64]) -> str | None:
    """Return why an outcome cannot be fitted: too few patients, with it or without it; None when it can."""
    counted = evidence.weight > 0
    everybody = len(set(patients[counted].tolist()))
    having = len(set(patients[counted & (evidence.happened > 0)].tolist()))
    lacking = len(set(patients[counted & (evidence.happened == 0)].tolist()))
    if everybody >= LEAST_PATIENTS and min(having, lacking) >= LEAST_OF_EACH:
        return None
    return (
        f"it is known in {everybody} patients of the index ({having} with it, {lacking} without); "
        f"{LEAST_PATIENTS} are needed, {LEAST_OF_EACH} of each"
    )


def _fitted(
    base: BaseRate | None,
    index: ScanIndex,
    evidence: Evidence,
    answers: HeldOut,
    place: int,
    patients: NDArray[np.int64],
    worth: float,
) -> OutcomeCalibration:
    is_asked = evidence.weight[answers.rows] > 0
    rows, folds = answers.rows[is_asked], answers.folds[is_asked]
    weights = evidence.weight[rows]
    asked = _Asked(
        happened=evidence.happened[rows],
        weights=weights * len(rows) / weights.sum(),
        folds=folds,
        bases=_bases(evidence, patients, answers, folds),
        records=tuple(index.records[row] for row in rows),
    )
    shares, sizes = answers.shares[:, is_asked, place], answers.sizes[:, is_asked, place]
    shares = np.where(np.isfinite(shares), shares, asked.bases)
    step, strength = _kernel_and_strength(asked, shares, sizes)
    share, size = shares[step], sizes[step]
    shape = _recalibration(asked, share, size, strength, worth)
    estimates = shape.recalibrated(shrunk(share, size, asked.bases, strength))
    model, by_age = _age_sex(asked)
    losses = Losses(
        neighbours=_loss(asked, estimates),
        age_sex=None if by_age is None else _loss(asked, by_age),
        base_rate=_loss(asked, asked.bases),
    )
    least = _least_size(asked, estimates, size)
    joint = joint_of(Told(asked.records, asked.happened, asked.weights, asked.folds, estimates))
    return OutcomeCalibration(base, Fit(answers.kernels[step], shape, least, losses), model, joint=joint)


def _bases(evidence: Evidence, patients: NDArray[np.int64], answers: HeldOut, folds: NDArray[np.int64]) -> Floats:
    """Return for each patient asked the base rate of the patients of other folds."""
    by_fold = {}
    for fold in set(folds.tolist()):
        theirs = set(patients[answers.rows[answers.folds == fold]].tolist())
        others = replace(evidence, weight=np.where(np.isin(patients, list(theirs)), 0.0, evidence.weight))
        rate = base_rate(others, patients)
        by_fold[fold] = 0.5 if rate is None else rate.share
    return np.clip([by_fold[fold] for fold in folds.tolist()], _CLIP, 1 - _CLIP)


def _kernel_and_strength(asked: _Asked, shares: Floats, sizes: Floats) -> tuple[int, float]:
    """Return the number of the kernel and the prior strength of least loss; of equal ones the simplest kernel."""
    losses = {
        (step, strength): _loss(asked, shrunk(shares[step], sizes[step], asked.bases, strength))
        for step in range(len(shares))
        for strength in STRENGTHS
    }
    return min(losses, key=lambda pair: losses[pair])


def _recalibration(asked: _Asked, share: Floats, size: Floats, strength: float, worth: float) -> Shape:
    """Return the shape with Platt's two numbers, drawn towards no change by as much as two patients weigh."""
    logit = special.logit(np.clip(shrunk(share, size, asked.bases, strength), _CLIP, 1 - _CLIP))
    terms = np.stack([np.ones_like(logit), logit], axis=1)
    a, b = fit_logistic(terms, asked.happened, asked.weights, np.array([0.0, 1.0]), np.array([2.0, 2.0]))
    # A slope that is not positive means the neighbours' order says nothing: all estimates then become nearly alike.
    return Shape(strength, float(a), max(float(b), 0.05), worth)


def _age_sex(asked: _Asked) -> tuple[AgeSexModel | None, Floats | None]:
    """Return the model of all, and what models of the other folds say of each patient; None where too few have an age.

    Whoever has no age gets the base rate.
    """
    stated = [age_sex_terms(record.age, record.sex) for record in asked.records]
    has_age = np.array([terms is not None for terms in stated])
    happened = asked.happened[has_age]
    if min(happened.sum(), (1 - happened).sum()) < LEAST_OF_EACH:
        return None, None
    terms = np.array([terms for terms in stated if terms is not None])
    weights, folds = asked.weights[has_age], asked.folds[has_age]
    start, pull = np.array([special.logit(asked.bases.mean()), 0, 0, 0]), np.array([0.01, 1.0, 1.0, 1.0])
    said = asked.bases.copy()
    of_aged = np.empty(len(terms))
    for fold in range(FOLDS):
        there, here = folds != fold, folds == fold
        if here.any() and there.any():
            found = fit_logistic(terms[there], happened[there], weights[there], start, pull)
            of_aged[here] = special.expit(terms[here] @ found)
    said[has_age] = of_aged
    return AgeSexModel(*(float(one) for one in fit_logistic(terms, happened, weights, start, pull))), said


def _least_size(asked: _Asked, estimates: Floats, size: Floats) -> float:
    """Return the effective size below which estimates of patients held out were not shown to beat the base rate.

    Patients are taken from the least size on, twentieth by twentieth up to half of all; the threshold is the greatest
    at which the gain of all those below it was less than its standard error.
    """
    order = np.argsort(size, kind="stable")
    gain = asked.weights * (_losses(asked.happened, asked.bases) - _losses(asked.happened, estimates))
    least = SMALLEST_SIZE
    for twentieth in range(1, 11):
        below = order[: len(order) * twentieth // 20]
        if len(below) >= LEAST_OF_EACH and gain[below].sum() < np.sqrt((gain[below] ** 2).sum()):
            least = max(least, float(size[below].max()))
    return least


def _loss(asked: _Asked, chances: Floats) -> float:
    return float(np.average(_losses(asked.happened, chances), weights=asked.weights))


def _losses(happened: Floats, chances: Floats) -> Floats:
    held = np.clip(chances, _CLIP, 1 - _CLIP)
    losses: Floats = -(happened * np.log(held) + (1 - happened) * np.log1p(-held))
    return losses
