"""Coverage, calibration bins and error against evidence, worked out by hand."""

import numpy as np
import pytest

from scankin.index_build.evaluate.outcomes.abstention import abstention
from scankin.index_build.evaluate.outcomes.reliability import against_truth, bins
from scankin.index_build.evaluate.outcomes.told import BASE_RATE, NEIGHBOURS, Told
from scankin.retrieval.summaries import wilson


def told_of(chances: np.ndarray, happened: np.ndarray, sizes: np.ndarray, half: float = 0.1) -> Told:
    """Patients with intervals ``half`` to either side of their estimate; the base rate is 0.5."""
    count = len(chances)
    return Told(
        name="died",
        places=np.arange(count),
        rows=np.arange(count),
        happened=happened.astype(float),
        weights=np.ones(count),
        bases=np.full(count, 0.5),
        chances={NEIGHBOURS: chances, BASE_RATE: np.full(count, 0.5)},
        low=chances - half,
        high=chances + half,
        sizes=sizes,
        without_age=0,
        abstained={},
    )


def test_a_bin_holds_the_share_that_lies_in_its_mean_interval() -> None:
    chances = np.repeat([0.3, 0.7], 20)
    happened = np.array([1] * 7 + [0] * 13 + [1] * 5 + [0] * 15)  # 0.35, and 0.25 of those told 0.7
    first, second = bins(told_of(chances, happened, np.ones(40)))
    assert (first.patients, first.happened, first.foretold, first.observed) == (20, 7, pytest.approx(0.3), 0.35)
    assert first.is_held and first.is_compatible and first.observed_interval == wilson(0.35, 20)
    assert not second.is_held and not second.is_compatible


def test_own_coverage_and_error_are_of_those_whose_true_chance_is_known() -> None:
    chances = np.repeat(0.5, 40)
    true = np.array([0.45] * 10 + [0.9] * 10 + [np.nan] * 20)
    found = against_truth(told_of(chances, np.arange(40) % 2, np.ones(40)), true)
    assert found is not None and found.patients == 20 and found.own_held.value == 0.5
    assert found.error.value == pytest.approx(np.sqrt((10 * 0.05**2 + 10 * 0.4**2) / 20))
    assert found.error == found.base_error  # both say 0.5
    assert against_truth(told_of(chances, np.arange(40) % 2, np.ones(40)), np.full(40, np.nan)) is None


def test_error_against_evidence_begins_with_those_of_most_evidence() -> None:
    """The half with much evidence is told the truth, the other half the opposite of it."""
    happened = np.arange(60) % 2
    sizes = np.where(np.arange(60) < 30, 100.0, 10.0)
    chances = np.where(sizes == 100, np.where(happened, 0.9, 0.1), np.where(happened, 0.1, 0.9))
    found = abstention(told_of(chances, happened, sizes), np.where(happened, 0.9, 0.1).astype(float))
    half = next(one for one in found.answering if one.coverage == 0.5)
    assert (half.patients, half.least_size) == (30, 100.0)
    assert half.error.value == pytest.approx(0.1**2 - 0.25) and half.true_error is not None
    assert half.true_error.value == 0.0
    assert found.most_less_least.value == pytest.approx(0.1**2 - 0.9**2)
    assert found.true_most_less_least is not None
    assert found.true_most_less_least.value == pytest.approx(-0.8) and found.most_less_least.high < 0
    assert found.answering[0].coverage == 1.0 and found.answering[-1].patients >= 10
