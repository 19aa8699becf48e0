"""Change since an earlier scan: how usual it is, and what similar patients let one expect."""

import math

import numpy as np
import pytest
from builders import a_record, an_identity, unit
from scipy import stats

from scankin.retrieval.course.change import like_pairs, measure_changes
from scankin.retrieval.course.serials import Serials
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.records import ScanRecord

IDENTITY = an_identity(2)


def at(*cosines: float) -> np.ndarray:
    """Unit vectors in the plane with these cosines to (1, 0)."""
    return np.array([[c, math.sqrt(1 - c * c)] for c in cosines], np.float32)


def an_index(records: list[ScanRecord], vectors: np.ndarray) -> tuple[ScanIndex, Serials]:
    index = ScanIndex.of(records, Embeddings(unit(vectors), IDENTITY))
    return index, Serials(index, {})


def pairs_of(patients: int) -> tuple[ScanIndex, Serials]:
    """Patient n has two scans 4 days apart of cosine n / 100, and one more 30 days later."""
    records = [
        a_record(3 * n + place, f"p{n:03}", day=day) for n in range(patients) for place, day in enumerate((0, 4, 34))
    ]
    return an_index(records, np.vstack([at(1.0, n / 100, 0.0) for n in range(patients)]))


def test_a_similarity_is_placed_among_the_patients_with_two_scans_as_far_apart() -> None:
    index, serials = pairs_of(40)
    usual = like_pairs(serials.pairs, 5, 0.095, np.ones(len(index), bool))
    assert usual.patients == 40 and usual.share == 10 / 40  # 0.00 to 0.09
    assert usual.interval == pytest.approx(tuple(stats.binomtest(10, 40).proportion_ci(method="wilson")))


def test_of_few_patients_it_cannot_be_told() -> None:
    index, serials = pairs_of(19)
    usual = like_pairs(serials.pairs, 4, 0.5, np.ones(len(index), bool))
    assert (usual.patients, usual.share, usual.interval) == (19, None, None)


def test_who_may_not_answer_is_no_yardstick() -> None:
    index, serials = pairs_of(40)
    allowed = np.array([record.patient < "p030" for record in index.records])
    assert like_pairs(serials.pairs, 4, 0.5, allowed).patients == 30
    assert like_pairs(serials.pairs, 100, 0.5, allowed).patients == 0


def test_expected_change_is_the_difference_of_weighted_means_with_shared_patients_counted_once() -> None:
    cosines = [0.9, 0.8, 0.7, 0.6, 0.5]
    now = [a_record(n, f"p{n}", measures={"brixia": value}) for n, value in enumerate((10.0, 12.0, 8.0, 11.0, 9.0))]
    index, serials = an_index(now, at(*cosines))
    same = Embeddings(at(1.0), IDENTITY)
    (one,) = measure_changes(index, serials, same, same, np.ones(5, bool))
    # The same scan twice: no change, and no doubt about it, since each patient's pull cancels.
    assert (one.known_now, one.known_earlier, one.difference, one.interval) == (5, 5, 0.0, (0.0, 0.0))
    assert one.now == pytest.approx(np.average([10, 12, 8, 11, 9], weights=cosines))


def test_of_two_groups_apart_the_interval_is_that_of_two_independent_means() -> None:
    values = np.array([4.0, 6.0, 5.0, 7.0, 3.0, 14.0, 12.0, 16.0, 13.0, 15.0] + [0.0] * 20)
    records = [a_record(n, f"p{n:02}", measures={"brixia": v}) for n, v in enumerate(values)]
    here, there = at(*[1.0] * 5), at(*[0.0] * 5)
    far = np.vstack([at(-0.8)] * 20)
    index, serials = an_index(records, np.vstack([here, there, far]))
    allowed = np.arange(30) < 10
    (one,) = measure_changes(index, serials, Embeddings(at(0.0), IDENTITY), Embeddings(at(1.0), IDENTITY), allowed)
    # All ten are found for both; those of the other group have cosine 0 and weigh nothing.
    assert one.now == pytest.approx(14.0) and one.earlier == pytest.approx(5.0)
    assert one.difference == pytest.approx(9.0)
    variance = values[:5].var(ddof=1) / 5 + values[5:10].var(ddof=1) / 5
    half = stats.t.ppf(0.975, 4) * math.sqrt(variance)
    assert one.interval == pytest.approx((9.0 - half, 9.0 + half), abs=1e-5)


def test_where_a_measure_is_read_in_few_its_change_cannot_be_told() -> None:
    records = [a_record(n, f"p{n}", measures={"brixia": 3.0} if n < 4 else {}) for n in range(9)]
    index, serials = an_index(records, at(*[0.9 - n / 20 for n in range(9)]))
    query = Embeddings(at(1.0), IDENTITY)
    (one,) = measure_changes(index, serials, query, query, np.ones(9, bool))
    assert (one.known_now, one.known_earlier, one.now, one.difference, one.interval) == (4, 4, None, None, None)


def test_patients_who_are_worth_fewer_than_two_let_nothing_be_expected() -> None:
    records = [a_record(n, f"p{n}", measures={"brixia": float(n)}) for n in range(6)]
    index, serials = an_index(records, at(0.9, -0.1, -0.2, -0.3, -0.4, -0.5))
    query = Embeddings(at(1.0), IDENTITY)
    (one,) = measure_changes(index, serials, query, query, np.ones(6, bool))
    assert (one.known_now, one.now, one.difference, one.interval) == (6, None, None, None)
