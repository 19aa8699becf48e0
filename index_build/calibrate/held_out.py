"""What alike patients say of patients held out: shares and effective sizes by kernel and outcome."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.calibrate.prognosis import Parts, Scores, fit_scores
from scankin.retrieval.estimates.evidence import Evidence
from scankin.retrieval.estimates.kernel import BestScans, Kernel, PatientRows
from scankin.retrieval.estimates.prognosis import Prognosis
from scankin.retrieval.index import ScanIndex

FOLDS = 10
MOST_QUERIES = 1500
"""More patients are not held out, whatever the size of the index: it bounds the time of a build."""

STEPS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Concentrations tried, in units of the inverse of how much nearer the nearest patient is than the middle one."""

WIDTHS = (2.0, 1.0, 0.5, 0.25)
"""Widths tried of the kernel on prognostic scores, in standard deviations."""

_FARTHEST = -150.0
"""Weights below exp of this are all alike nothing, and their squares would vanish."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Each patient asked by one scan, answered by the patients of other folds.

    Attributes:
        rows: ``[q]``: the scans that asked.
        folds: ``[q]``: fold of each.
        kernels: ``[c]``: those tried, the simplest first.
        shares: ``[c, q, o]``: weighted share of the outcome; NaN where it counts in nobody, or not in who asked.
        sizes: ``[c, q, o]``: effective sample sizes.
        nearest: ``[q]``: cosine of the most similar patient; NaN where nobody answered.
        prognoses: ``[o]``: scores fitted on all who asked, for the patients to come, and how many patients they are
            worth; None where the outcome counts in nobody.
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    kernels: tuple[Kernel, ...]
    shares: Floats
    sizes: Floats
    nearest: Floats
    prognoses: tuple[tuple[Prognosis, float] | None, ...]


def held_out(index: ScanIndex, evidence: Sequence[Evidence], patients: PatientRows) -> HeldOut:
    """Return what was said of patients held out, by folds of patients.

    Children answer for children and adults for adults, as in a query. A patient asks by the scan whose key comes first:
    keys are keyed hashes, so that it is any of the patient's. Prognostic scores are fitted anew without each fold.

    Args:
        index: Vectors and records.
        evidence: One an outcome.
        patients: Rows by patient.
    """
    names = [record.patient for record in index.records]
    is_child = np.array([record.is_child for record in index.records])
    fold_of = {name: int(hashlib.sha256(name.encode()).hexdigest(), 16) % FOLDS for name in set(names)}
    folds = np.array([fold_of[name] for name in names])
    rows = _asking(index)
    vectors = index.vectors
    answers = []
    for row in rows:
        allowed = (folds != folds[row]) & (is_child == is_child[row])
        answers.append(patients.best(vectors @ vectors[row], allowed) if allowed.any() else None)
    gaps = [one.similarities.max() - np.median(one.similarities) for one in answers if one is not None]
    scale = max(float(np.median(gaps)) if gaps else 1.0, 1e-6)
    concentrations = np.array(STEPS) / scale
    kernels = tuple(Kernel(float(one), width) for width in WIDTHS for one in concentrations)
    shares = np.full((len(kernels), len(rows), len(evidence)), np.nan)
    sizes = np.zeros_like(shares)
    is_known = np.any([one.weight[rows] > 0 for one in evidence], axis=0)
    parts = Parts.of(vectors, rows[is_known] if is_known.any() else rows)
    place_of = {index.records[row].patient: place for place, row in enumerate(rows.tolist())}
    owners = np.array([place_of.get(name, -1) for name in names])
    for number, one in enumerate(evidence):
        for fold in range(FOLDS):
            scores = _scores(parts, rows, owners, one, folds[rows] != fold)
            spread = 1.0 if scores is None else scores.spread
            for place in np.flatnonzero((folds[rows] == fold) & (one.weight[rows] > 0)).tolist():
                said = answers[place]
                if said is not None and scores is not None:
                    away = (scores.left_out[said.rows] - scores.own[rows[place]]) / spread
                    shares[:, place, number], sizes[:, place, number] = _said(one, said, concentrations, away)
    everybody = np.ones(len(rows), np.bool_)
    made = [_scores(parts, rows, owners, one, everybody) for one in evidence]
    return HeldOut(
        rows=rows,
        folds=folds[rows],
        kernels=kernels,
        shares=shares,
        sizes=sizes,
        nearest=np.array([np.nan if one is None else one.similarities.max() for one in answers]),
        prognoses=tuple(None if one is None else (one.prognosis(parts), one.worth) for one in made),
    )


def _scores(
    parts: Parts,
    rows: NDArray[np.int64],
    owners: NDArray[np.int64],
    evidence: Evidence,
    is_learned: NDArray[np.bool_],
) -> Scores | None:
    """Return scores learned from some of those who asked; None where the outcome counts in none of them."""
    learned = np.flatnonzero(is_learned & (evidence.weight[rows] > 0))
    if not len(learned):
        return None
    place = np.full(len(rows) + 1, -1)  # the last is of patients who did not ask
    place[learned] = np.arange(len(learned))
    of = rows[learned]
    return fit_scores(parts.values, of, evidence.happened[of], evidence.weight[of], place[owners])


def _said(evidence: Evidence, best: BestScans, concentrations: Floats, away: Floats) -> tuple[Floats, Floats]:
    """Return the share and the size ``[c]`` of one patient's answer, kernel by kernel in their order."""
    known = evidence.weight[best.rows]
    apart = best.similarities - best.similarities.max()
    alike = np.exp(np.maximum(concentrations[:, np.newaxis] * apart, _FARTHEST)) * known
    near = np.exp(np.maximum(-((away / np.array(WIDTHS)[:, np.newaxis]) ** 2) / 2, _FARTHEST))
    total, squares = near @ alike.T, near**2 @ (alike**2).T
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (near @ (alike * evidence.happened[best.rows]).T) / total
        size = np.nan_to_num(total**2 / squares)
    return share.ravel(), size.ravel()


def _asking(index: ScanIndex) -> NDArray[np.int64]:
    first: Mapping[str, int] = {
        index.records[row].patient: row
        for row in sorted(range(len(index)), key=lambda row: index.records[row].scan, reverse=True)
    }
    chosen = sorted(first.values(), key=lambda row: index.records[row].scan)[:MOST_QUERIES]
    return np.array(chosen, np.int64)
