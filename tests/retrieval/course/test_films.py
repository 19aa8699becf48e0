from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from builders import a_scan

from scankin.retrieval.course.films import NO_SCANS, OtherScan, own_scans
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.scan import Modality, Scan, View

QUERY = a_scan(1, patient_id="TEST-1", study_date=date(2020, 4, 10))


def test_earlier_scans_count_by_their_stated_days_oldest_first() -> None:
    own = own_scans(QUERY, [OtherScan(a_scan(2), -1), OtherScan(a_scan(3), -9), OtherScan(a_scan(4), 0)])
    assert [(one.days_before, one.name) for one in own.scans] == [
        (9, "Further scan 2"),
        (1, "Further scan 1"),
        (0, "Further scan 3"),
    ]
    assert own.notes == ()


def test_without_a_stated_day_the_study_dates_tell() -> None:
    own = own_scans(QUERY, [OtherScan(a_scan(2, study_date=date(2020, 4, 3)))])
    assert [one.days_before for one in own.scans] == [7]


def test_a_stated_day_goes_before_the_dates_and_the_difference_is_told() -> None:
    own = own_scans(QUERY, [OtherScan(a_scan(2, study_date=date(2020, 4, 3)), -6)])
    assert [one.days_before for one in own.scans] == [6]
    assert own.notes == (
        "Further scan 1 was taken on day -6 as stated, on day -7 by the headers: what was stated was used.",
    )


def test_a_later_scan_is_not_used_and_that_is_said() -> None:
    own = own_scans(QUERY, [OtherScan(a_scan(2), 1), OtherScan(a_scan(3, study_date=date(2020, 4, 11)))])
    assert own.scans == ()
    assert own.notes == tuple(f"Further scan {n} is dated after the query: it was not used." for n in (1, 2))


def test_the_same_picture_counts_once_even_when_it_is_brighter() -> None:
    brighter = replace(a_scan(2), pixels=(a_scan(2).pixels // 2 + 40).astype(np.uint8))
    own = own_scans(QUERY, [OtherScan(a_scan(1), -3), OtherScan(a_scan(2), -2), OtherScan(brighter, -1)])
    assert [one.days_before for one in own.scans] == [2]
    assert [note[:14] for note in own.notes] == ["Further scan 1", "Further scan 3"]


def test_two_scans_of_one_day_both_count() -> None:
    own = own_scans(QUERY, [OtherScan(a_scan(2), -3), OtherScan(a_scan(3), -3)])
    assert [one.days_before for one in own.scans] == [3, 3]


@pytest.mark.parametrize(
    ("other", "day", "reason"),
    [
        (a_scan(2, patient_id="TEST-2"), -1, Reason.OTHER_PATIENT),
        (a_scan(2, modality=Modality.CT), -1, Reason.OTHER_MODALITY),
        (a_scan(2, view=View.LATERAL), -1, Reason.NOT_FRONTAL),
        (a_scan(2), None, Reason.UNKNOWN_DAY),
        (Scan(Modality.XRAY, np.full((1, 64, 64), 7, np.uint8)), -1, Reason.BLANK),
    ],
)
def test_what_cannot_be_compared_is_refused_and_named_by_its_place(
    other: Scan, day: int | None, reason: Reason
) -> None:
    with pytest.raises(RefusedScan, match="Further scan 2") as caught:
        own_scans(QUERY, [OtherScan(a_scan(5), -4), OtherScan(other, day)])
    assert caught.value.reason is reason
    assert "TEST" not in caught.value.message


def test_capitals_of_a_patient_id_do_not_make_another_patient() -> None:
    assert own_scans(QUERY, [OtherScan(a_scan(2, patient_id=" test-1 "), -1)]).scans


def test_too_many_and_too_far_are_named() -> None:
    with pytest.raises(InvalidRequest, match="21 further scans"):
        own_scans(QUERY, [OtherScan(a_scan(2), -1)] * 21)
    with pytest.raises(InvalidRequest, match="Further scan 1 is -3,651 days"):
        own_scans(QUERY, [OtherScan(a_scan(2), -3651)])
    assert own_scans(QUERY, []) == NO_SCANS
