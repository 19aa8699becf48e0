"""The AUC of a fact alone, against a slow version and against what must come out."""

import numpy as np
import pytest

from scankin.index_build.describe.separation import FOLDS, PRIOR_FILMS, _Films, separation

PATIENTS = [f"p{number:03d}" for number in range(60)]
HALF = np.array([number % 2 == 0 for number in range(60)])


def test_a_fact_that_is_the_label_gives_one() -> None:
    found = separation(["a" if true else "b" for true in HALF], HALF, PATIENTS)
    assert (found.auc, found.low, found.high) == (1, 1, 1)


def test_a_fact_that_is_the_same_in_all_gives_a_half() -> None:
    found = separation(["a"] * 60, HALF, PATIENTS)
    assert (found.auc, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_fact_that_names_each_patient_gives_a_half_however_many_films_they_have() -> None:
    # In the sample itself it separates perfectly; of other patients it says nothing.
    patients = [patient for patient in PATIENTS for _ in range(3)]
    found = separation(patients, np.repeat(HALF, 3), patients)
    assert (found.auc, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_fact_drawn_by_lot_includes_a_half() -> None:
    rng = np.random.default_rng(3)
    found = separation(rng.choice(["a", "b", "c"], 60).tolist(), HALF, PATIENTS)
    assert found.low < 0.5 < found.high


def test_the_order_of_films_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    groups, order = rng.choice(["a", "b"], 60), rng.permutation(60)
    shuffled = separation(groups[order].tolist(), HALF[order], np.array(PATIENTS)[order].tolist())
    assert shuffled == separation(groups.tolist(), HALF, PATIENTS)


def slow(groups: list[int], truth: list[bool], folds: list[int]) -> float:
    """The same by its definition: every film scored from the other folds, every pair of a fold compared."""
    scores = []
    for group, fold in zip(groups, folds, strict=True):
        others = [(g, t) for g, t, f in zip(groups, truth, folds, strict=True) if f != fold]
        overall = sum(t for _, t in others) / len(others)
        alike = [t for g, t in others if g == group]
        scores.append((sum(alike) + PRIOR_FILMS * overall) / (len(alike) + PRIOR_FILMS))
    films = list(zip(scores, truth, folds, strict=True))
    pairs = [(a, b) for a, true, f in films for b, other, g in films if true and not other and f == g]
    return sum(1.0 if a > b + 1e-12 else 0.5 if abs(a - b) <= 1e-12 else 0.0 for a, b in pairs) / len(pairs)


@pytest.mark.parametrize("seed", range(5))
def test_fast_and_slow_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patient = np.sort(rng.integers(0, 25, 70))
    patient = np.unique(patient, return_inverse=True)[1]
    count = int(patient.max()) + 1
    truth, group = rng.random(70) < 0.4, rng.integers(0, 6, 70)
    folds, weights = rng.integers(0, FOLDS, count), rng.integers(0, 3, count)
    films = _Films(group, truth, patient, count)
    drawn = np.repeat(np.arange(70), weights[patient])  # a patient drawn twice has every film twice
    expected = slow(group[drawn].tolist(), truth[drawn].tolist(), folds[patient[drawn]].tolist())
    assert films.auc(weights, folds) == pytest.approx(expected)
