"""The joint estimate: by hand, and when it is taken."""

import json

import numpy as np
import pytest
from scipy import special

from scankin.retrieval.estimates.calibration import (
    Fit,
    Losses,
    ModalityCalibration,
    OutcomeCalibration,
    calibration_bytes,
    calibration_of,
)
from scankin.retrieval.estimates.estimate import Expected, OutcomeEstimate
from scankin.retrieval.estimates.evidence import BaseRate
from scankin.retrieval.estimates.joined import with_facts
from scankin.retrieval.estimates.joint import JointFit, JointModel, joint_terms
from scankin.retrieval.estimates.kernel import Kernel
from scankin.retrieval.estimates.posterior import Shape
from scankin.retrieval.scan import Modality

NO_ERROR = tuple(tuple(0.0 for _ in range(6)) for _ in range(6))
MODEL = JointModel(
    names=("crp", "diabetes"),
    centres=(100.0, 0.5),
    scales=(50.0, 0.5),
    coefficients=(0.1, 0.8, 0.6, 0.3, -0.2, 0.4),
    covariance=NO_ERROR,
)
BETTER = JointFit(80, 0.05, (0.01, 0.09), MODEL)
PICTURE = Expected((OutcomeEstimate("died", 0.3, (0.2, 0.42), 40.0, 90, BaseRate(0.2, 90), None, None),), ())


def calibrated(joint: JointFit | None) -> ModalityCalibration:
    fit = Fit(Kernel(3.0, 1.0), Shape(2.0), 5.0, Losses(0.5, None, 0.6))
    return ModalityCalibration({"died": OutcomeCalibration(BaseRate(0.2, 90), fit, joint=joint)})


def answered(joint: JointFit | None, facts: dict[str, float]) -> OutcomeEstimate:
    return with_facts(PICTURE, calibrated(joint), facts).estimates[0]


def test_missing_facts_have_their_own_term_and_no_value() -> None:
    values = np.array([[150.0, np.nan]])
    terms = joint_terms(np.array([-1.0]), values, np.array([100.0, 0.5]), np.array([50.0, 0.5]))
    assert terms.tolist() == [[1.0, -1.0, 1.0, 0.0, 0.0, 1.0]]


def test_the_estimate_is_the_logistic_curve_of_its_terms() -> None:
    made = answered(BETTER, {"crp": 150.0})
    # 0.1 + 0.8 logit(0.3) + 0.6 * (150 - 100) / 50 + 0.4 for diabetes, which is missing
    middle = 0.1 + 0.8 * np.log(0.3 / 0.7) + 0.6 + 0.4
    half = 0.8 * (special.logit(0.42) - special.logit(0.2)) / 2
    assert made.estimate == pytest.approx(special.expit(middle))
    assert made.interval == pytest.approx((special.expit(middle - half), special.expit(middle + half)))
    assert made.basis is not None and made.basis.has_facts and made.basis.picture == 0.3
    assert "picture and facts: better than the picture alone in 80 patients held out" in made.basis.why
    assert "(gain in log loss 0.050, 95 % 0.010 to 0.090)" in made.basis.why


def test_the_error_of_the_coefficients_widens_the_interval() -> None:
    wide = JointModel(
        MODEL.names,
        MODEL.centres,
        MODEL.scales,
        MODEL.coefficients,
        tuple(tuple(0.04 if i == j == 0 else 0.0 for j in range(6)) for i in range(6)),
    )
    chance, (low, high) = wide.estimate(0.3, (0.3, 0.3), {"crp": 100.0, "diabetes": 0.5})
    # The picture's interval has no width: what is left is 1.96 times the standard error 0.2 of the intercept.
    assert special.logit(high) - special.logit(low) == pytest.approx(2 * 1.959964 * 0.2)
    assert low < chance < high


@pytest.mark.parametrize(
    ("joint", "facts", "said"),
    [
        (None, {"crp": 150.0}, "too few patients of the index state facts"),
        (JointFit(80, -0.01, (-0.04, 0.02), None), {"crp": 150.0}, "facts told no more in 80 patients held out"),
        (BETTER, {"urea": 5.0}, "the query states 0 of the joint estimate's 2 facts; 50% are needed"),
    ],
)
def test_else_the_picture_s_estimate_stays_and_why_is_said(
    joint: JointFit | None, facts: dict[str, float], said: str
) -> None:
    made = answered(joint, facts)
    assert (made.estimate, made.interval) == (0.3, (0.2, 0.42))
    assert made.basis is not None and not made.basis.has_facts and said in made.basis.why


def test_without_an_estimate_there_is_no_basis() -> None:
    none = OutcomeEstimate("died", None, None, 0.0, 3, None, None, "too few similar patients")
    assert with_facts(Expected((none,), ()), calibrated(BETTER), {"crp": 150.0}).estimates == (none,)


def test_a_calibration_keeps_its_joint_fits_and_older_ones_have_none() -> None:
    held = {Modality.XRAY: calibrated(BETTER)}
    numbers, scores = calibration_bytes(held)
    assert calibration_of(numbers, scores, "v") == held
    raw = json.loads(numbers)
    del raw["modalities"]["X-ray"]["outcomes"]["died"]["joint"]
    assert calibration_of(json.dumps(raw).encode(), scores, "v") == {Modality.XRAY: calibrated(None)}
