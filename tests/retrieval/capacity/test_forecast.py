import numpy as np
import pytest

from scankin.retrieval.capacity import Forecast, drift_sd

FALLS = Forecast(np.array([0.1, 0.2, 0.4, 0.2, 0.1]))
"""By hand: mean 2, variance 0.1 * 4 + 0.2 * 1 + 0.2 * 1 + 0.1 * 4 = 1.2."""


def test_moments_and_quantiles_are_those_worked_out_by_hand() -> None:
    assert (FALLS.mean, FALLS.sd, FALLS.patients) == (pytest.approx(2), pytest.approx(1.2**0.5), 4)
    assert [FALLS.quantile(q) for q in (0.05, 0.1, 0.11, 0.5, 0.7, 0.71, 0.95)] == [0, 0, 1, 2, 2, 3, 4]
    assert FALLS.interval(0.5) == (1, 3) and FALLS.interval(0.95) == (0, 4)


def test_the_ranked_score_is_the_squared_distance_of_the_distributions() -> None:
    # at most: 0.1 0.3 0.7 0.9 1.0; of "3 came": 0 0 0 1 1
    assert FALLS.ranked_probability_score(3) == pytest.approx(0.01 + 0.09 + 0.49 + 0.01)
    certain = Forecast(np.array([0.0, 0.0, 0.0, 1.0, 0.0]))
    assert certain.ranked_probability_score(3) == 0


def test_what_came_lies_between_fewer_and_as_many() -> None:
    assert FALLS.probability_integral(0) == (0, pytest.approx(0.1))
    assert FALLS.probability_integral(3) == (pytest.approx(0.7), pytest.approx(0.9))


def test_chances_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Forecast(np.array([0.5, 0.6]))


def test_drift_is_what_the_misses_have_beyond_chance() -> None:
    expected, variance = np.array([10.0, 10.0]), np.array([5.0, 5.0])
    # misses of 10: (100 - 5) * 2 beyond chance, against 2 * 25
    assert drift_sd(expected, variance, np.array([20.0, 0.0])) == pytest.approx((190 / 50) ** 0.5)
    assert drift_sd(expected, variance, np.array([11.0, 9.0])) == 0
    assert drift_sd(np.array([]), np.array([]), np.array([])) is None


def test_a_drift_that_was_drawn_is_found_again() -> None:
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 0.5, 400)
    p = 1 / (1 + np.exp(-odds))
    happened = rng.binomial(80, p).astype(float)
    found = drift_sd(np.full(400, 40.0), np.full(400, 20.0), happened)
    assert found == pytest.approx(0.5, rel=0.12)
