"""What alike patients say of patients held out: shares and effective sizes by concentration and outcome."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.estimates.evidence import Evidence
from scankin.retrieval.estimates.kernel import PatientRows
from scankin.retrieval.index import ScanIndex

FOLDS = 10
MOST_QUERIES = 1500
"""More patients are not held out, whatever the size of the index: it bounds the time of a build."""

STEPS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Concentrations tried, in units of the inverse of how much nearer the nearest patient is than the middle one."""

_FARTHEST = -150.0
"""Weights below exp of this are all alike nothing, and their squares would vanish."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Each patient asked by one scan, answered by the patients of other folds.

    Attributes:
        rows: ``[q]``: the scans that asked.
        folds: ``[q]``: fold of each.
        concentrations: ``[c]``, ascending.
        shares: ``[c, q, o]``: weighted share of the outcome; NaN where it counts in nobody.
        sizes: ``[c, q, o]``: effective sample sizes.
        nearest: ``[q]``: cosine of the most similar patient; NaN where nobody answered.
        cosines: ``[q, q]``: between the scans that asked.
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    concentrations: Floats
    shares: Floats
    sizes: Floats
    nearest: Floats
    cosines: Floats


def held_out(index: ScanIndex, evidence: Sequence[Evidence], patients: PatientRows) -> HeldOut:
    """Return what was said of patients held out, by folds of patients.

    Children answer for children and adults for adults, as in a query. A patient asks by the scan whose key comes first:
    keys are keyed hashes, so that it is any of the patient's.

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
    weight = np.stack([one.weight for one in evidence])
    yes = weight * np.stack([one.happened for one in evidence])
    answers = []
    for row in rows:
        allowed = (folds != folds[row]) & (is_child == is_child[row])
        answers.append(patients.best(vectors @ vectors[row], allowed) if allowed.any() else None)
    gaps = [one.similarities.max() - np.median(one.similarities) for one in answers if one is not None]
    scale = max(float(np.median(gaps)) if gaps else 1.0, 1e-6)
    concentrations = np.array(STEPS) / scale
    shares = np.full((len(STEPS), len(rows), len(evidence)), np.nan)
    sizes = np.zeros_like(shares)
    for number, one in enumerate(answers):
        if one is None:
            continue
        apart = one.similarities - one.similarities.max()
        kernels = np.exp(np.maximum(concentrations[:, np.newaxis] * apart, _FARTHEST))
        w = weight[:, one.rows]
        total = kernels @ w.T
        with np.errstate(invalid="ignore"):
            shares[:, number] = (kernels @ yes[:, one.rows].T) / total
            sizes[:, number] = np.nan_to_num(total**2 / (kernels**2 @ (w**2).T))
    return HeldOut(
        rows=rows,
        folds=folds[rows],
        concentrations=concentrations,
        shares=shares,
        sizes=sizes,
        nearest=np.array([np.nan if one is None else one.similarities.max() for one in answers]),
        cosines=(vectors[rows] @ vectors[rows].T).astype(np.float64),
    )


def _asking(index: ScanIndex) -> NDArray[np.int64]:
    first: Mapping[str, int] = {
        index.records[row].patient: row
        for row in sorted(range(len(index)), key=lambda row: index.records[row].scan, reverse=True)
    }
    chosen = sorted(first.values(), key=lambda row: index.records[row].scan)[:MOST_QUERIES]
    return np.array(chosen, np.int64)
