"""Compares, in inner folds by patient, the picture's estimate with one from picture and clinical facts together."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.index_build.calibrate.logistic import fit_logistic
from scankin.retrieval.clinical.likeness import WHO, facts_of_record
from scankin.retrieval.clinical.registry import FACTS
from scankin.retrieval.estimates.joint import ENOUGH, JointFit, JointModel, joint_terms
from scankin.retrieval.records import ScanRecord

LEAST_PATIENTS, LEAST_OF_EACH = 60, 10
"""Patients held out who state enough facts, and of them with and without the outcome, below which none is fitted."""

LEAST_KNOWN = 0.2
"""Facts that a smaller share of the patients state are left out."""

PULL_PICTURE = 2.0
"""Ridge, in patients: the picture's estimate towards itself."""

PULLS = (5.0, 20.0, 80.0)
"""Ridges of facts towards saying nothing that are tried, on folds that are not asked."""

DRAWS = 1000
_CLIP = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Told:
    """Patients held out, and what the picture told of each.

    Attributes:
        records: The scans that asked.
        happened, weights: ``[q]``.
        folds: ``[q]``; estimates come from the other folds.
        estimates: ``[q]``: from the picture.
    """

    records: Sequence[ScanRecord]
    happened: Floats
    weights: Floats
    folds: NDArray[np.int64]
    estimates: Floats


@dataclass(frozen=True, eq=False)
class _Table:
    """The facts of the patients told, and the logit of the picture's estimates."""

    names: tuple[str, ...]
    values: Floats
    logits: Floats
    told: Told


def joint_of(told: Told) -> JointFit | None:
    """Return how a joint estimate does against the picture's, fitted and asked in different folds.

    Both are asked of the same patients, those who state enough facts; the picture's recalibration was fitted on all
    folds, the joint one's coefficients never on the patient's own, so that the comparison favours the picture.

    None: too few patients state facts beyond age and sex.
    """
    names, values = _facts(told.records)
    if not set(names) - set(WHO):
        return None
    is_asked = (~np.isnan(values)).sum(axis=1) >= ENOUGH * len(names)
    happened = told.happened[is_asked]
    if is_asked.sum() < LEAST_PATIENTS or min(happened.sum(), (1 - happened).sum()) < LEAST_OF_EACH:
        return None
    logits = special.logit(np.clip(told.estimates, _CLIP, 1 - _CLIP))
    table = _Table(names, values, logits, told)
    said = told.estimates.copy()
    for fold in np.unique(told.folds):
        there = told.folds != fold
        if there.any():
            here = ~there
            said[here] = _said(table, there, here, _pull(table, there))
    patients = [record.patient for record, is_one in zip(told.records, is_asked, strict=True) if is_one]
    gains = (_losses(told.happened, told.estimates) - _losses(told.happened, said))[is_asked]
    gain, interval = _paired(gains, told.weights[is_asked], patients)
    everybody = np.ones(len(told.records), bool)
    model = _fitted(table, everybody, _pull(table, everybody)) if interval[0] > 0 else None
    return JointFit(int(is_asked.sum()), gain, interval, model)


def _facts(records: Sequence[ScanRecord]) -> tuple[tuple[str, ...], Floats]:
    """Return the facts that enough patients state, not all alike, and ``[q, f]`` their values."""
    held = [facts_of_record(record) for record in records]
    columns = {name: np.array([facts.get(name, np.nan) for facts in held]) for name in FACTS}
    names = tuple(
        name for name, column in columns.items() if np.mean(~np.isnan(column)) >= LEAST_KNOWN and np.nanstd(column) > 0
    )
    return names, np.stack([columns[name] for name in names], axis=1) if names else np.empty((len(records), 0))


def _pull(table: _Table, there: NDArray[np.bool_]) -> float:
    """Return the ridge of least loss when each fold of those there is asked of a fit on the others; ties: the most."""
    losses = dict.fromkeys(PULLS[::-1], 0.0)
    for fold in np.unique(table.told.folds[there]):
        here = there & (table.told.folds == fold)
        others = there & ~here
        if others.any():
            for pull in losses:
                lost = _losses(table.told.happened[here], _said(table, others, here, pull))
                losses[pull] += float((table.told.weights[here] * lost).sum())
    return min(losses, key=lambda pull: losses[pull])


def _said(table: _Table, there: NDArray[np.bool_], here: NDArray[np.bool_], pull: float) -> Floats:
    """Return what a fit on some patients says of others."""
    model = _fitted(table, there, pull)
    terms = joint_terms(table.logits[here], table.values[here], np.array(model.centres), np.array(model.scales))
    chances: Floats = special.expit(terms @ np.array(model.coefficients))
    return chances


def _fitted(table: _Table, there: NDArray[np.bool_], pull_facts: float) -> JointModel:
    values, logits = table.values[there], table.logits[there]
    happened, weights = table.told.happened[there], table.told.weights[there]
    known = np.maximum((~np.isnan(values)).sum(axis=0), 1)  # a fact may be missing in all but one fold
    centres = np.nansum(values, axis=0) / known
    scales = np.sqrt(np.nansum((values - centres) ** 2, axis=0) / known)
    scales = np.where(scales > 0, scales, 1.0)
    terms = joint_terms(logits, values, centres, scales)
    towards = np.zeros(terms.shape[1])
    towards[1] = 1.0
    pull = np.full(terms.shape[1], pull_facts)
    pull[:2] = PULL_PICTURE
    found = fit_logistic(terms, happened, weights, towards, pull)
    chance = special.expit(terms @ found)
    curvature = (terms * (weights * chance * (1 - chance))[:, np.newaxis]).T @ terms + np.diag(pull)
    return JointModel(
        names=table.names,
        centres=tuple(centres.tolist()),
        scales=tuple(scales.tolist()),
        coefficients=tuple(found.tolist()),
        covariance=tuple(tuple(row) for row in np.linalg.inv(curvature).tolist()),
    )


def _paired(gains: Floats, weights: Floats, patients: Sequence[str]) -> tuple[float, tuple[float, float]]:
    """Return the weighted mean gain and its 95 % bootstrap interval; each patient asks once, so patients are drawn."""
    seed = hashlib.sha256("".join(patients).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    drawn = rng.integers(0, len(gains), (DRAWS, len(gains)))
    means = (gains * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.average(gains, weights=weights)), (float(low), float(high))


def _losses(happened: Floats, chances: Floats) -> Floats:
    held = np.clip(chances, _CLIP, 1 - _CLIP)
    losses: Floats = -(happened * np.log(held) + (1 - happened) * np.log1p(-held))
    return losses
