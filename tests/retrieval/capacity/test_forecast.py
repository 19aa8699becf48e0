import numpy as np
import pytest
from scipy import integrate, special, stats

from scankin.retrieval.capacity import Forecast, drift_likelihood, drift_sd
from scankin.retrieval.capacity.drift import DRIFTS

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


def test_the_likelihood_of_no_drift_is_that_of_independent_patients() -> None:
    likely = drift_likelihood(np.array([0.5, 0.5]), 1)
    assert likely[0] == pytest.approx(np.log(0.5)) and DRIFTS[0] == 0
    assert (np.diff(likely) < 0).all(), "one of two at even odds speaks against any drift"
    assert (np.diff(drift_likelihood(np.array([0.1] * 40), 20))[:20] > 0).all(), (
        "twenty where four are expected, for it"
    )


def test_patients_integrated_by_scipy_give_the_same_likelihood() -> None:
    p, drift = np.array([0.2, 0.4, 0.1]), 0.8

    def weighed(error: float) -> float:
        moved = special.expit(special.logit(p) + drift * error)
        return float(stats.norm.pdf(error) * stats.poisson_binom.pmf(2, moved))

    found = drift_likelihood(p, 2)[DRIFTS.tolist().index(drift)]
    assert np.exp(found) == pytest.approx(integrate.quad(weighed, -8, 8)[0], rel=1e-6)


def test_a_drift_that_was_drawn_is_found_again_and_none_is_none() -> None:
    rng = np.random.default_rng(3)
    p = np.full(80, 0.5)
    for drawn in (0.0, 0.5):
        odds = rng.normal(0, drawn, 300)
        times = [drift_likelihood(p, int(n)) for n in rng.binomial(80, special.expit(odds))]
        assert drift_sd(times) == pytest.approx(drawn, abs=0.1)
    assert drift_sd([]) == 0
