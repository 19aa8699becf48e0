"""T4, T5 and their probes on films worked out by hand, and against scikit-learn's definitions written out."""

from dataclasses import replace

import numpy as np
import pytest
from builders import a_sample, sources_and_truth

from scankin.index_build.evaluate.covid import (
    area_within,
    covid_across_balanced,
    covid_of_each,
    covid_within,
    f1_of,
    linear_across,
    linear_pooled,
    units_of,
    within_scores,
)
from scankin.index_build.evaluate.figures import Asked
from scankin.index_build.evaluate.linear import ridge_scores

ILL, WELL = {"COVID-19": True}, {"COVID-19": False}


def test_an_area_within_compares_pairs_of_one_unit_only() -> None:
    # Unit 0: ill 0.9, well 0.1 and 0.95: one of two pairs won. Unit 1: ill 0.2, well 0.1: one of one.
    scores = np.array([0.9, 0.1, 0.95, 0.2, 0.1])
    auc = area_within(scores, np.array([1, 0, 0, 1, 0]), np.array([0, 0, 0, 1, 1]))
    assert auc(np.arange(5)) == pytest.approx(2 / 3)


def test_the_base_rate_of_a_source_does_not_answer_within_it() -> None:
    # Vectors know nothing; nine in ten are ill in one source and one in ten in the other.
    rng = np.random.default_rng(0)
    ill = np.r_[np.arange(60) % 10 > 0, np.arange(60) % 10 == 0]
    sample = a_sample(
        rng.normal(size=(120, 6)), [ILL if one else WELL for one in ill], [0] * 60 + [1] * 60, list(range(120))
    )
    found = covid_within(sample, sample.sources).figure()
    assert found.low < 0.5 < found.high
    scores = within_scores(sample, sample.sources).columns["score"]
    assert scores[:60].mean() > 0.8 and scores[60:].mean() < 0.2  # so the areas of both together would not be 0.5


def test_only_units_that_hold_three_patients_of_both_classes_are_asked() -> None:
    findings = [ILL, ILL, ILL, WELL, WELL, WELL, ILL, ILL, ILL, WELL, WELL]
    sample = a_sample(np.random.default_rng(1).normal(size=(11, 3)), findings, [0] * 6 + [1] * 5, list(range(11)))
    assert set(covid_of_each(sample, sample.sources, lambda row: f"of {row}")) == {"of 0"}


def test_websites_are_units_within_their_source_and_unstated_ones_are_none() -> None:
    sample = a_sample(np.eye(4), [ILL] * 4, [0, 0, 1, 1], [0, 1, 2, 3])
    assert units_of(sample, by_origin=True).tolist() == [-1] * 4
    units = units_of(replace(sample, origins=("a.org", None, "a.org", "b.org")), by_origin=True)
    assert units[1] == -1 and len(set(units.tolist())) == 4


def test_the_threshold_of_f1_is_chosen_on_other_patients() -> None:
    sample = sources_and_truth(5, by="illness")
    truth = sample.covid.astype(np.float64)
    perfect = f1_of(sample, Asked(np.arange(200), {"score": truth})).figure()
    assert (perfect.value, perfect.low) == (1, 1)
    rate = float(truth.mean())
    assert perfect.chance == pytest.approx(2 * rate / (1 + rate))  # precision is the rate, recall 1
    noise = np.random.default_rng(2).random(200)
    assert f1_of(sample, Asked(np.arange(200), {"score": noise})).figure().low < perfect.chance


def test_a_linear_probe_of_other_sources_finds_the_illness_and_not_the_source() -> None:
    assert linear_across(sources_and_truth(6, by="illness")).figure().low > 0.95
    reads_source = sources_and_truth(6, by="source")
    assert linear_pooled(reads_source).figure().value > 0.75
    assert linear_across(reads_source).figure().value < 0.65


def test_ridge_scores_are_those_of_the_normal_equations() -> None:
    # One input, weights alike: b = cov / (var + ridge) on an input of unit spread.
    x, y = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32), np.array([[0.0], [0.0], [1.0], [1.0]])
    spread = x.std()
    z = (x[:, 0] - 1.5) / spread
    slope = np.mean(z * (y[:, 0] - 0.5)) / (np.mean(z * z) + 0.01)
    found = ridge_scores(x, y, np.ones(4), np.array([[4.0]], np.float32))
    assert found[0, 0] == pytest.approx(0.5 + slope * (4 - 1.5) / spread, rel=1e-6)


def test_who_asks_with_other_vectors_is_answered_by_the_same_ones() -> None:
    sample = sources_and_truth(7, by="illness")
    turned = replace(sample, asked_as=sample.vectors[:, [1, 0, 2, 3]])  # the ill ask as the well answer
    assert covid_across_balanced(turned).figure().high < 0.05
