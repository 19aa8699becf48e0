"""Estimates on patients whose true chance is known: a point on a half circle, whose angle decides it."""

from collections.abc import Mapping

import numpy as np
import pytest
from builders import a_record, an_identity, unit

from scankin.index_build.calibrate.fit import calibrate
from scankin.retrieval.case import Case, Event, EventKind
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.estimates.calibration import ModalityCalibration, calibration_bytes, calibration_of
from scankin.retrieval.estimates.estimate import Estimator
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.scan import Age, Modality, Sex

Floats = np.ndarray


def points(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    angle = rng.uniform(0, np.pi, count)
    noise = rng.normal(0, 0.05, (count, 4))
    vectors = unit(np.stack([np.cos(angle), np.sin(angle)], axis=1) @ np.eye(2, 4) + noise)
    return vectors, 0.1 + 0.5 * (1 - np.cos(angle)) / 2


def an_index(seed: int, count: int = 400) -> tuple[ScanIndex, Mapping[str, Case]]:
    rng = np.random.default_rng(seed)
    vectors, chance = points(rng, count)
    died = rng.random(count) < chance
    records = [a_record(n, day=0, age=Age.of(40 + n % 40), sex=Sex.MALE) for n in range(count)]
    cases = {
        record.patient: Case(record.patient, "test", events=(Event(EventKind.DEATH, bool(yes)),))
        for record, yes in zip(records, died, strict=True)
    }
    return ScanIndex.of(records, Embeddings(vectors, an_identity())), cases


def fitted(index: ScanIndex, cases: Mapping[str, Case]) -> ModalityCalibration:
    return calibrate({Modality.XRAY: index}, cases)[Modality.XRAY]


@pytest.fixture(scope="module", params=[1, 2])
def answered(request: pytest.FixtureRequest) -> tuple[Floats, Floats, Floats, Floats]:
    """True chance of new patients who get an estimate, at least 270 of 300, the estimate and its interval's ends."""
    index, cases = an_index(request.param)
    estimator = Estimator(index.records, cases, fitted(index, cases))
    vectors, chance = points(np.random.default_rng(1000 + request.param), 300)
    allowed = np.ones(len(index), np.bool_)
    said = []
    for vector in vectors:
        expected = estimator.answer(vector, index.vectors @ vector, allowed, None, None)
        died = next(one for one in expected.estimates if one.name == "died")
        said.append((np.nan,) * 3 if died.interval is None else (died.estimate, *died.interval))
    is_given = ~np.isnan(np.array(said, np.float64)[:, 0])
    assert is_given.sum() >= 270
    estimates, low, high = np.array(said, np.float64)[is_given].T
    return chance[is_given], estimates, low, high


def test_intervals_cover_the_true_chance(answered: tuple[Floats, Floats, Floats, Floats]) -> None:
    chance, _, low, high = answered
    assert np.mean((low <= chance) & (chance <= high)) >= 0.90


def test_estimates_are_calibrated_and_nearer_the_truth_than_the_base_rate(
    answered: tuple[Floats, Floats, Floats, Floats],
) -> None:
    chance, estimates, *_ = answered
    tenths = np.array_split(np.argsort(estimates), 10)
    assert sum(abs(estimates[part].mean() - chance[part].mean()) * len(part) for part in tenths) / len(chance) <= 0.05
    assert np.mean((estimates - chance) ** 2) < 0.5 * np.var(chance)


def test_the_same_index_gives_the_same_calibration_and_it_survives_its_file() -> None:
    index, cases = an_index(3, 120)
    first, again = calibrate({Modality.XRAY: index}, cases), calibrate({Modality.XRAY: index}, cases)
    assert calibration_bytes(first) == calibration_bytes(again)
    assert calibration_bytes(calibration_of(*calibration_bytes(first), "v")) == calibration_bytes(first)


def test_age_that_says_nothing_does_no_better_than_the_base_rate_and_similar_scans_do() -> None:
    index, cases = an_index(4)
    fit = fitted(index, cases).outcomes["died"].fit
    assert fit is not None and fit.losses.age_sex is not None
    assert fit.losses.neighbours < fit.losses.base_rate
    assert fit.losses.neighbours < fit.losses.age_sex


def test_too_few_patients_are_a_refusal_that_counts_them() -> None:
    index, cases = an_index(5, 50)
    died = fitted(index, cases).outcomes["died"]
    assert died.fit is None and died.base is not None
    assert died.refusal is not None and "known in 50 patients" in died.refusal
    answer = Estimator(index.records, cases, fitted(index, cases)).answer(
        index.vectors[0], index.vectors @ index.vectors[0], np.ones(50, np.bool_), None, None
    )
    estimates = {one.name: one for one in answer.estimates}
    assert estimates["died"].estimate is None and estimates["died"].abstained == died.refusal
    assert estimates["oxygen"].abstained == "it is known in no patient of the index"


def test_few_effective_patients_are_an_abstention() -> None:
    index, cases = an_index(6)
    allowed = np.zeros(len(index), np.bool_)
    allowed[:4] = True  # a filter leaves four patients
    answer = Estimator(index.records, cases, fitted(index, cases)).answer(
        index.vectors[0], index.vectors @ index.vectors[0], allowed, None, None
    )
    died = next(one for one in answer.estimates if one.name == "died")
    assert died.estimate is None and died.patients == 4
    assert died.abstained is not None and died.abstained.startswith("too few similar patients with a known outcome")


def test_a_query_unlike_everybody_is_near_the_edge() -> None:
    index, cases = an_index(7)
    estimator = Estimator(index.records, cases, fitted(index, cases))
    allowed = np.ones(len(index), np.bool_)
    far = unit(np.array([[0.0, 0.0, 0.0, 1.0]]))[0]
    near = unit(np.array([[0.0, 1.0, 0.0, 0.0]]))[0]
    assert estimator.answer(far, index.vectors @ far, allowed, None, None).is_near_edge
    assert not estimator.answer(near, index.vectors @ near, allowed, None, None).is_near_edge
