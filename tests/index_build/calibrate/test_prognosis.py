"""The prognostic score of a scan knows nothing of its own patient's outcome."""

import numpy as np
import pytest
from builders import unit
from numpy.typing import NDArray

from scankin.index_build.calibrate.prognosis import Parts, fit_scores

Floats = NDArray[np.float64]


def drawn(seed: int, count: int = 60) -> tuple[NDArray[np.float32], Floats, Floats]:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(count, 5)))
    happened = (rng.random(count) < 0.5 + 0.4 * vectors[:, 0]).astype(np.float64)
    return vectors, happened, rng.uniform(0.5, 2.0, count)


def refitted(parts: Floats, happened: Floats, weights: Floats, penalty: float, asked: Floats) -> float:
    """Ridge by its normal equations, the intercept not pulled."""
    terms = np.column_stack([np.ones(len(parts)), parts])
    pull = np.diag([0.0, *[penalty] * parts.shape[1]])
    found = np.linalg.solve(terms.T @ (terms * weights[:, None]) + pull, terms.T @ (weights * happened))
    return float(np.array([1.0, *asked]) @ found)


def test_the_score_of_every_scan_of_a_patient_is_that_of_a_fit_without_the_patient() -> None:
    vectors, happened, weights = drawn(1)
    rows = np.arange(0, 60, 2)  # patient n asks by scan 2n and has scan 2n + 1 too
    owners = np.arange(60) // 2
    parts = Parts.of(vectors, rows)
    found = fit_scores(parts.values, rows, happened[rows], weights[rows], owners)
    everybody = parts.values[rows]
    centred = everybody - weights[rows] @ everybody / weights[rows].sum()
    largest = np.linalg.eigvalsh(centred.T @ (centred * weights[rows][:, None])).max()
    errors = {}
    for penalty in largest * np.logspace(-4, 0, 9):
        left = [
            refitted(
                np.delete(everybody, n, 0), np.delete(happened[rows], n), np.delete(weights[rows], n), penalty, one
            )
            for n, one in enumerate(everybody)
        ]
        errors[float(penalty)] = float(weights[rows] @ (happened[rows] - left) ** 2)
    penalty = min(errors, key=lambda one: errors[one])
    for scan in range(60):
        keep = np.arange(30) != owners[scan]
        expected = refitted(everybody[keep], happened[rows][keep], weights[rows][keep], penalty, parts.values[scan])
        assert found.left_out[scan] == pytest.approx(expected, abs=1e-9)


def test_scans_of_patients_who_were_not_learned_from_have_the_score_of_all() -> None:
    vectors, happened, weights = drawn(2)
    rows, owners = np.arange(40), np.concatenate([np.arange(40), np.full(20, -1)])
    parts = Parts.of(vectors, rows)
    found = fit_scores(parts.values, rows, happened[rows], weights[rows], owners)
    assert found.left_out[40:].tolist() == found.own[40:].tolist()
    assert not np.isclose(found.left_out[:40], found.own[:40]).all()


def test_a_new_vector_is_scored_as_the_same_vector_of_the_index_was_in_its_units() -> None:
    vectors, happened, weights = drawn(3)
    rows = np.arange(40)
    parts = Parts.of(vectors, rows)
    found = fit_scores(parts.values, rows, happened[rows], weights[rows], np.full(60, -1))
    prognosis = found.prognosis(parts)
    assert [prognosis.of(vector) for vector in vectors] == pytest.approx(found.own / found.spread, abs=1e-5)
    assert prognosis.scores.std() == pytest.approx(1.0, abs=1e-5)


def test_outcomes_that_vectors_tell_are_told_of_patients_left_out() -> None:
    vectors, happened, weights = drawn(4, 300)
    rows = np.arange(300)
    found = fit_scores(Parts.of(vectors, rows).values, rows, happened, weights, rows)
    assert np.corrcoef(found.left_out, vectors[:, 0])[0, 1] > 0.8
