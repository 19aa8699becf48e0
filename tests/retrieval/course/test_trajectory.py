"""Likeness of courses, against an obvious loop and worked-out cases."""

import numpy as np
import pytest
from builders import a_record, an_identity, unit

from scankin.retrieval.course.serials import Serials, tolerance_days
from scankin.retrieval.course.trajectory import trajectory_likeness
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import View


def serials_of(records: list[ScanRecord], vectors: np.ndarray | None = None) -> Serials:
    if vectors is None:
        vectors = np.random.default_rng(0).normal(size=(len(records), 4))
    return Serials(ScanIndex.of(records, Embeddings(unit(vectors), an_identity())), {})


def likeness(days: list[int], cosines: list[list[float]], records: list[ScanRecord]) -> np.ndarray | None:
    found = trajectory_likeness(
        days, [np.array(one) for one in cosines], serials_of(records), np.ones(len(records), bool), 0.1
    )
    return None if found is None else found.values


def test_an_earlier_scan_is_compared_with_the_one_as_long_before() -> None:
    records = [a_record(n, "pa", day=day) for n, day in enumerate((1, 4, 10))] + [a_record(3, "pb", day=3)]
    values = likeness([6], [[0.9, 0.3, 0.1, -0.5]], records)
    # Six days before day 10 is day 4; tolerance 2. Mean of all cosines 0.2: (0.3 - 0.2) / 0.8. Day 4 has nothing 4 to
    # 8 days before it, day 1 and the other patient nothing at all.
    assert values is not None and values[2] == pytest.approx(0.125)
    assert np.isnan(values[[0, 1, 3]]).all()


def test_of_two_equally_near_scans_the_mean_counts_and_several_days_are_averaged() -> None:
    records = [a_record(n, "pa", day=day) for n, day in enumerate((1, 5, 7, 10))]
    values = likeness([4, 8], [[0.0, 1.0, 0.2, 0.0], [0.6, 0.2, 0.0, 0.0]], records)
    # Of day 10, 4 days before: days 5 and 7 are 1 off (mean 0.6, less the mean 0.3, of 0.7: 3/7);
    # 8 days before: day 1 is 1 off ((0.6 - 0.2) / 0.8 = 1/2).
    assert values is not None and values[3] == pytest.approx((3 / 7 + 1 / 2) / 2)


def test_two_earlier_scans_of_one_day_weigh_as_one() -> None:
    records = [a_record(n, "pa", day=day) for n, day in enumerate((0, 5))] + [a_record(2, "pb", day=0)]
    # Means over the index 0.3 and 0; of day 5, 5 days before: (0.9 - 0.3) / 0.7 and 0.6.
    twice = likeness([5, 5], [[0.9, 0.0, 0.0], [0.6, -0.3, -0.3]], records)
    assert twice is not None and twice[1] == pytest.approx((6 / 7 + 0.6) / 2)


def test_less_alike_than_any_scan_is_no_likeness_and_a_scan_of_the_same_day_has_no_course() -> None:
    records = [a_record(n, "pa", day=day) for n, day in enumerate((0, 5))]
    values = likeness([5], [[0.1, 0.9]], records)
    assert values is not None and values[1] == 0.0
    assert likeness([0], [[0.1, 0.9]], records) is None


def test_a_scan_after_the_matched_one_never_counts() -> None:
    records = [a_record(0, "pa", day=0), a_record(1, "pa", day=5)]
    longer = [*records, a_record(2, "pa", day=6), a_record(3, "pa", day=10)]
    few, many = likeness([5], [[0.8, 0.2]], records), likeness([5], [[0.8, 0.2, 0.5, 0.5]], longer)
    assert few is not None and many is not None
    # The index mean is 0.5 both times; what follows day 5 changes nothing of it.
    assert many[1] == few[1] == pytest.approx(0.6)


def test_it_equals_an_obvious_loop_on_random_courses() -> None:
    rng = np.random.default_rng(7)
    records = [
        a_record(n, f"p{rng.integers(12)}", day=None if rng.random() < 0.1 else int(rng.integers(0, 30)))
        for n in range(60)
    ]
    allowed = rng.random(60) < 0.9
    days = [0, 2, 2, 7, 15]
    cosines = [rng.uniform(-0.2, 0.9, 60) for _ in days]
    found = trajectory_likeness(days, cosines, serials_of(records), allowed, 0.1)
    assert found is not None
    for row, record in enumerate(records):
        if not allowed[row]:
            continue
        per_day = []
        for gap in (2, 7, 15):
            near: dict[int, list[int]] = {}
            for other, one in enumerate(records):
                if one.patient == record.patient and None not in (one.day, record.day) and one.day < record.day:
                    near.setdefault(abs(record.day - one.day - gap), []).append(other)
            if near and min(near) <= tolerance_days(gap):
                told = []
                for day, held in zip(days, cosines, strict=True):
                    if day == gap:
                        mean = held[allowed].mean()
                        told.append(np.mean([(held[other] - mean) / (1 - mean) for other in near[min(near)]]))
                per_day.append(np.mean(told))
        if per_day:
            assert found.values[row] == pytest.approx(max(0.0, float(np.mean(per_day))))
        else:
            assert np.isnan(found.values[row])


def test_pairs_are_of_one_patient_of_two_pictures_and_of_one_kind_of_view() -> None:
    records = [
        a_record(0, "pa", day=3),
        a_record(1, "pa", day=1),
        a_record(2, "pa", day=1, view=View.LATERAL),
        a_record(3, "pa", day=9, pixel_hash=f"{0:064x}"),  # the picture of the first again
        a_record(4, "pb", day=1),
        a_record(5, "pb"),
    ]
    vectors = unit(np.random.default_rng(1).normal(size=(6, 4)))
    pairs = serials_of(records, vectors).pairs
    assert sorted(zip(pairs.later.tolist(), pairs.earlier.tolist(), pairs.gaps.tolist(), strict=True)) == [
        (0, 1, 2),
        (3, 1, 8),
    ]
    assert sorted(pairs.cosines) == pytest.approx(sorted([vectors[0] @ vectors[1], vectors[3] @ vectors[1]]), abs=1e-6)


def test_tolerance_is_a_quarter_of_the_gap_and_at_least_a_day() -> None:
    assert [tolerance_days(gap) for gap in (0, 1, 4, 6, 10, 40)] == [1, 1, 1, 2, 2, 10]
