"""When inner folds choose the joint estimate, and that it is fitted as other software fits it."""

from dataclasses import replace

import numpy as np
import pytest
from builders import a_record
from scipy import special
from sklearn.linear_model import LogisticRegression

from scankin.index_build.calibrate import joint
from scankin.index_build.calibrate.joint import Told, joint_of
from scankin.retrieval.estimates.joint import joint_terms
from scankin.retrieval.scan import Age


def told(seed: int, *, effect: float, patients: int = 400, known: float = 0.8) -> Told:
    """Patients whose log odds are the picture's logit and ``effect`` times a standardised CRP."""
    rng = np.random.default_rng(seed)
    logits, crp = rng.normal(-0.5, 1, patients), rng.normal(100, 30, patients)
    happened = rng.random(patients) < special.expit(logits + effect * (crp - 100) / 30)
    is_known = rng.random(patients) < known
    records = [a_record(n, facts={"crp": float(crp[n])} if is_known[n] else {}) for n in range(patients)]
    return Told(
        records=records,
        happened=happened.astype(np.float64),
        weights=np.ones(patients),
        folds=rng.integers(0, 10, patients),
        estimates=special.expit(logits),
    )


def test_facts_that_tell_more_than_the_picture_are_taken() -> None:
    held = told(1, effect=1.2)
    found = joint_of(held)
    assert found is not None and found.model is not None and found.interval[0] > 0
    assert found.patients == sum("crp" in record.facts for record in held.records)
    # Its true coefficient is 1.2; the pull draws it in a little.
    assert found.model.coefficients[2] == pytest.approx(1.2, abs=0.35)


def test_facts_that_tell_nothing_are_taken_in_few_indexes() -> None:
    found = [joint_of(told(seed, effect=0.0)) for seed in range(12)]
    chosen = [one for one in found if one is not None and one.model is not None]
    # The lower end of a 95 % interval lies above 0 by chance in one of forty: more than 2 of 12 has a chance of 0.3 %.
    assert len(chosen) <= 2
    assert all(one.interval[0] > 0 for one in chosen)


def test_the_coefficients_are_those_of_another_fit_of_the_same_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a pull both are the maximum of the likelihood.
    monkeypatch.setattr(joint, "PULL_PICTURE", 1e-9)
    monkeypatch.setattr(joint, "PULLS", (1e-9,))
    held = told(2, effect=1.2, known=1.0)
    found = joint_of(held)
    assert found is not None and found.model is not None
    values = np.array([[record.facts["crp"]] for record in held.records])
    terms = joint_terms(special.logit(held.estimates), values, values.mean(axis=0), values.std(axis=0))
    other = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(terms[:, 1:3], held.happened)
    assert found.model.coefficients[:3] == pytest.approx([other.intercept_[0], *other.coef_[0]], abs=1e-4)


def test_the_gain_is_that_of_coefficients_never_fitted_on_the_patient_s_fold() -> None:
    held = told(3, effect=0.0, patients=120)
    # Every fold but one is noise; were the own fold used too, 120 patients' noise would give a gain.
    gains = [found.gain for seed in range(3, 8) if (found := joint_of(told(seed, effect=0.0, patients=120)))]
    assert len(gains) == 5 and np.mean(gains) < 0
    assert joint_of(held) == joint_of(held)


@pytest.mark.parametrize(
    "changed",
    [
        {"records": [a_record(n, age=Age.of(40.0 + n % 40)) for n in range(400)]},
        {"records": [a_record(n, facts={"crp": 5.0}) for n in range(400)]},
        {"records": [a_record(n, facts={"crp": float(n)} if n < 50 else {}) for n in range(400)]},
        {"happened": np.zeros(400)},
    ],
    ids=["age alone", "all of one value", "stated by too few", "never happened"],
)
def test_too_little_to_fit_is_none(changed: dict[str, object]) -> None:
    assert joint_of(replace(told(1, effect=1.2), **changed)) is None  # type: ignore[arg-type]
