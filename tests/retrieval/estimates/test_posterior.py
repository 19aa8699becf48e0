import numpy as np
import pytest
from scipy import stats

from scankin.retrieval.estimates.posterior import Shape

SHARE, SIZE = np.array([0.5]), np.array([6.0])


def test_the_estimate_is_drawn_to_the_base_rate_by_the_strength_of_the_prior() -> None:
    # 3 of 6, and 4 further patients at 0.25: 4 of 10.
    assert Shape(4.0).estimate(SHARE, SIZE, 0.25) == pytest.approx(0.4)
    assert Shape(4.0).estimate(SHARE, np.array([0.0]), 0.25) == pytest.approx(0.25)


def test_the_interval_is_that_of_the_beta_posterior() -> None:
    low, high = Shape(4.0).interval(SHARE, SIZE, 0.25)
    assert (low[0], high[0]) == pytest.approx(stats.beta(4, 6).interval(0.95))


def test_the_interval_counts_that_the_score_which_chose_the_patients_is_uncertain_too() -> None:
    # 6 patients chosen by a score that is worth 6 are worth 3, and the prior is discounted by as much.
    assert Shape(4.0, score_worth=6.0).worth(SIZE) == pytest.approx(3.0)
    low, high = Shape(4.0, score_worth=6.0).interval(SHARE, SIZE, 0.25)
    assert (low[0], high[0]) == pytest.approx(stats.beta(2, 3).interval(0.95))


def test_recalibration_is_platts() -> None:
    # logit 0.4 = -0.405465; 0.3 + 2 * that = -0.510930, whose inverse logit is 0.374975.
    assert Shape(4.0, 0.3, 2.0).estimate(SHARE, SIZE, 0.25) == pytest.approx(0.374975, abs=1e-5)


@pytest.mark.parametrize("wrong", [{"prior_strength": 0.0}, {"slope": 0.0}, {"score_worth": 0.0}])
def test_a_shape_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Shape(**({"prior_strength": 1.0} | wrong))
