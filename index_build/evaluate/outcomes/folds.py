"""Outer folds of patients: as few as leave enough to fit, each with its share of every outcome."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.calibrate.fit import LEAST_OF_EACH, LEAST_PATIENTS
from scankin.retrieval.case import State

FEW_FOLDS, MANY_FOLDS = 10, 20
"""Twenty where ten would leave too few patients to fit an outcome that all of them together allow to be fitted."""

_CODES = {State.HAPPENED: 2, State.DID_NOT_HAPPEN: 1}


def codes_of(states: Sequence[State]) -> NDArray[np.int64]:
    """Return 2 where it happened, 1 where it did not, 0 where it does not count."""
    return np.array([_CODES.get(state, 0) for state in states], np.int64)


def folds_needed(codes: NDArray[np.int64]) -> int:
    """Return how many folds are needed that no outcome, ``[patients, outcomes]``, loses its fit for being held out."""
    for of_outcome in codes.T:
        yes, no = int((of_outcome == 2).sum()), int((of_outcome == 1).sum())
        can_be_fitted = yes + no >= LEAST_PATIENTS and min(yes, no) >= LEAST_OF_EACH
        left = 1 - 1 / FEW_FOLDS
        if can_be_fitted and ((yes + no) * left < LEAST_PATIENTS or min(yes, no) * left < LEAST_OF_EACH):
            return MANY_FOLDS
    return FEW_FOLDS


def ordered(codes: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """Return places of patients so that those with the same outcomes stand together.

    Args:
        codes: ``[patients, outcomes]``, see ``codes_of``. Outcomes known in fewest patients come first.
        names: Keys of the patients: their hashes decide the order among equals.
    """
    marks = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    columns = np.argsort((codes > 0).sum(axis=0), kind="stable")
    order = sorted(range(len(names)), key=lambda place: (*codes[place, columns].tolist(), marks[place]))
    return np.array(order, np.int64)


def dealt(codes: NDArray[np.int64], names: Sequence[str], folds: int) -> NDArray[np.int64]:
    """Return the fold of each patient: those with the same outcomes are dealt in turn, so that all folds are alike."""
    found = np.empty(len(names), np.int64)
    found[ordered(codes, names)] = np.arange(len(names)) % folds
    return found
