"""Scores against other software, and against arithmetic written out."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from scankin.index_build.evaluate.outcomes import scores

RNG = np.random.default_rng(3)
CHANCES = RNG.integers(1, 20, 80) / 20  # with ties
HAPPENED = (RNG.random(80) < CHANCES).astype(float)
WEIGHTS = np.vstack([np.ones(80), RNG.integers(0, 4, 80), RNG.random(80) * 3])


def test_areas_and_brier_are_those_of_scikit_learn_in_every_draw() -> None:
    for draw, weights in enumerate(WEIGHTS):
        expected = roc_auc_score(HAPPENED, CHANCES, sample_weight=weights)
        assert scores.area(CHANCES, HAPPENED, WEIGHTS)[draw] == pytest.approx(expected)
        expected = average_precision_score(HAPPENED, CHANCES, sample_weight=weights)
        assert scores.average_precision(CHANCES, HAPPENED, WEIGHTS)[draw] == pytest.approx(expected)
        expected = brier_score_loss(HAPPENED, CHANCES, sample_weight=weights)
        assert scores.brier(CHANCES, HAPPENED, WEIGHTS)[draw] == pytest.approx(expected)


def test_calibration_slope_is_that_of_an_unpenalised_logistic_regression() -> None:
    slope, intercept = scores.calibration(CHANCES, HAPPENED, WEIGHTS)
    odds = scores.logits(CHANCES)
    for draw, weights in enumerate(WEIGHTS):
        model = LogisticRegression(C=1e9, tol=1e-9).fit(odds[:, np.newaxis], HAPPENED, sample_weight=weights)
        assert slope[draw] == pytest.approx(float(model.coef_[0, 0]), abs=1e-3)
    # The intercept with the slope held at 1 makes the expected number that which happened.
    level = 1 / (1 + np.exp(-(intercept[0] + odds)))
    assert level.sum() == pytest.approx(HAPPENED.sum())


def test_what_is_not_determined_is_nan_and_warns_of_nothing() -> None:
    alike = np.full(4, 0.3)
    slope, intercept = scores.calibration(alike, np.array([1.0, 0, 0, 0]), np.ones((1, 4)))
    assert np.isnan(slope[0]) and intercept[0] == pytest.approx(scores.logits(np.array([0.25]))[0] - np.log(0.3 / 0.7))
    assert np.isnan(scores.area(alike, np.zeros(4), np.ones((1, 4)))).all()
    assert all(np.isnan(one).all() for one in scores.calibration(alike, np.zeros(4), np.ones((1, 4))))
    assert np.isnan(scores.scaled_brier(alike, np.zeros(4), np.ones((1, 4)))).all()


def test_scaled_brier_is_0_for_the_share_that_happened_and_1_for_the_truth() -> None:
    happened = np.array([1.0, 1, 0, 0, 0])
    assert scores.scaled_brier(np.full(5, 0.4), happened, np.ones((1, 5)))[0] == pytest.approx(0.0)
    assert scores.scaled_brier(happened, happened, np.ones((1, 5)))[0] == pytest.approx(1.0)


def test_net_benefit_weighs_false_alarms_by_the_odds_of_the_threshold() -> None:
    chances, happened = np.array([0.9, 0.6, 0.5, 0.1]), np.array([1.0, 0, 1, 0])
    # At 0.5 three are treated: two rightly, one wrongly, which costs 0.5 / 0.5 = 1: (2 - 1) / 4.
    assert scores.net_benefit(chances, happened, np.ones((1, 4)), 0.5)[0] == pytest.approx(0.25)
    # At 0.2 the wrong one costs 0.2 / 0.8 = 1/4: (2 - 1/4) / 4.
    assert scores.net_benefit(chances, happened, np.ones((1, 4)), 0.2)[0] == pytest.approx(0.4375)


def test_ece_is_the_mean_gap_over_tenths() -> None:
    chances = np.repeat([0.2, 0.7], 10)
    happened = np.array([1.0, *[0] * 9, *[1] * 9, 0])
    # The lower half was told 0.2 and had 0.1; the upper 0.7 and 0.9: every bin of two patients is of one half. The gaps
    # of the bins: lower |0.4 - 1| and four of |0.4 - 0|; upper four of |1.4 - 2| and |1.4 - 1|, all over 20 patients.
    assert scores.expected_calibration_error(chances, happened, np.ones((1, 20)))[0] == pytest.approx(
        (0.6 + 4 * 0.4 + 4 * 0.6 + 0.4) / 20
    )


def test_pairs_of_two_groups_do_not_count_within_groups() -> None:
    ranks, happened = np.array([1.0, 2, 11, 12]), np.array([1.0, 0, 1, 0])
    groups = np.array([0, 0, 1, 1])
    assert scores.area(ranks, happened, np.ones((1, 4)))[0] == pytest.approx(0.25)
    assert scores.area_within(ranks, happened, np.ones((1, 4)), groups)[0] == 0.0
    assert np.isnan(scores.area_within(ranks, happened, np.ones((1, 4)), np.arange(4))[0])
