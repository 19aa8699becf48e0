"""Time in whole answers: what moves, what is shown, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from stores import a_dated_retriever

from scankin.models import load_encoder
from scankin.retrieval.case import Case, Clock, Event, EventKind, State
from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.days import QueryDays
from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.question import Question

ENCODER = load_encoder("thumbnail")
DAY = 18_360  # 2020-04-08
ON = date(1970, 1, 1) + timedelta(days=DAY)


def a_case(patient: str, *events: tuple[EventKind, int], alive: int | None = None) -> Case:
    return Case(patient, "test", Clock.CALENDAR, tuple(Event(kind, True, day) for kind, day in events), alive)


def test_like_days_bring_a_patient_forward_by_the_weight_and_are_shown(tmp_path: Path) -> None:
    scans = [a_scan(n) for n in range(1, 7)]
    cases = [a_case(f"p{n}", (EventKind.ADMISSION, DAY - 2 * n)) for n in range(1, 6)]  # p0's is not known
    retriever = a_dated_retriever(tmp_path, scans, [f"p{n}" for n in range(6)], [DAY] * 6, cases)
    plain = {case.patient: case for case in retriever.report(a_scan(99)).neighbours}
    assert all(case.likeness == {} and case.score == case.similarity for case in plain.values())
    asked = Question(time=TimeAsked(QueryDays(since_admission=10), days_weight=10.0))
    report = retriever.report(a_scan(99), asked)
    # With a weight of 10 the days decide: 10, 8, 6, 4, 2 days, and the unknown last.
    assert [case.patient for case in report.neighbours] == ["p5", "p4", "p3", "p2", "p1", "p0"]
    for case in report.neighbours:
        assert case.similarity == plain[case.patient].similarity
        gap = {"p5": 0, "p4": 2, "p3": 4, "p2": 6, "p1": 8}.get(case.patient)
        alike = None if gap is None else float(np.exp(-gap / 6))
        assert case.likeness["days"] == (alike if alike is None else pytest.approx(alike))
        assert case.score == pytest.approx(case.similarity + 10 * (alike or 0), abs=2e-6)
        assert case.time.days[EventKind.ADMISSION] == (None if gap is None else 10 - gap)
    assert any("1 of 6 neighbours are not known" in caution for caution in report.cautions)
    assert report.as_json()["time"]["weights"]["days"] == 10.0


def test_a_weight_of_zero_leaves_the_order_and_shows_the_likeness(tmp_path: Path) -> None:
    retriever = a_dated_retriever(
        tmp_path,
        [a_scan(n) for n in range(6)],
        [f"p{n}" for n in range(6)],
        [DAY] * 6,
        [a_case("p3", (EventKind.ADMISSION, DAY))],
    )
    plain = [case.scan for case in retriever.report(a_scan(99)).neighbours]
    report = retriever.report(a_scan(99), Question(time=TimeAsked(QueryDays(0), days_weight=0.0)))
    assert [case.scan for case in report.neighbours] == plain
    assert {case.patient: case.likeness["days"] for case in report.neighbours}["p3"] == 1.0


def test_an_earlier_film_brings_the_patient_with_a_like_earlier_film_forward(tmp_path: Path) -> None:
    before = a_scan(50)
    mixed = (0.6 * before.pixels + 0.4 * a_scan(60).pixels).astype(np.uint8)  # alike, and not the same picture
    scans = [a_scan(1), a_scan(2), a_scan(3), replace(before, pixels=mixed), a_scan(4), a_scan(5)]
    retriever = a_dated_retriever(
        tmp_path, scans, ["p1", "p2", "p3", "p3", "p4", "p4"], [DAY, DAY, DAY, DAY - 5, DAY, DAY - 5]
    )
    question = Question(time=TimeAsked(trajectory_weight=10.0))
    report = retriever.report(a_scan(99), question, [OtherScan(before, -5)])
    vectors = [embed(ENCODER, scan).vectors[0].astype(float) for scan in (before, *scans)]
    cosines = np.array([vectors[0] @ other for other in vectors[1:]])
    alike = [max(0.0, (cosines[n] - cosines.mean()) / (1 - cosines.mean())) for n in (3, 5)]
    told = {case.patient: case.likeness["trajectory"] for case in report.neighbours}
    assert told == {
        "p1": None,
        "p2": None,
        "p3": pytest.approx(alike[0], abs=1e-5),
        "p4": pytest.approx(alike[1], abs=1e-5),
    }
    assert alike[0] > 0.1 and report.neighbours[0].patient == "p3"


@pytest.mark.parametrize("day", [-2, 0, 3])
def test_the_patient_of_a_further_film_never_answers_not_even_of_a_later_one(tmp_path: Path, day: int) -> None:
    scans = [a_scan(n) for n in range(6)]
    retriever = a_dated_retriever(tmp_path, scans, ["p9", "p9", "p1", "p2", "p3", "p4"], [DAY] * 6)
    assert "p9" in {case.patient for case in retriever.report(a_scan(99)).neighbours}
    report = retriever.report(a_scan(99), others=[OtherScan(scans[1], day)])
    assert "p9" not in {case.patient for case in report.neighbours}


def test_change_is_told_by_the_cosine_of_the_two_films(tmp_path: Path) -> None:
    retriever = a_dated_retriever(tmp_path, [a_scan(n) for n in range(6)], [f"p{n}" for n in range(6)], [DAY] * 6)
    (change,) = retriever.report(a_scan(98), others=[OtherScan(a_scan(99), -4)]).time.changes
    vectors = [embed(ENCODER, a_scan(n)).vectors[0] for n in (98, 99)]
    assert change.similarity == pytest.approx(float(vectors[0] @ vectors[1]), abs=2e-6)
    assert change.like_pairs.patients == 0 and change.like_pairs.share is None and change.measures == ()


def test_what_happened_next_is_shown_in_days_and_never_as_dates(tmp_path: Path) -> None:
    scans = [a_scan(n) for n in range(3)]
    case = a_case("p1", (EventKind.INTUBATION, DAY + 3), (EventKind.DEATH, DAY + 9))
    retriever = a_dated_retriever(tmp_path, scans, ["p1", "p1", "p2"], [DAY, DAY + 2, None], [case])
    report = retriever.report(scans[0].with_facts(), Question(2))  # its own patient is left out by the picture
    assert {one.patient for one in report.neighbours} == {"p2"} and report.neighbours[0].time.next is None
    found = {one.patient: one for one in retriever.report(a_scan(99)).neighbours}["p1"]
    told = found.time.as_json()["next"]
    offset = 0 if found.scan.endswith("0") else 2
    assert told["events"] == [{"day": 3 - offset, "event": "intubation"}, {"day": 9 - offset, "event": "death"}]
    assert [one["day"] for one in told["scans"]] == ([2] if offset == 0 else [])
    assert str(DAY) not in str(told)


def test_a_film_after_its_own_death_is_never_a_survivors(tmp_path: Path) -> None:
    case = a_case("p1", (EventKind.DEATH, DAY - 1), alive=DAY + 40)
    retriever = a_dated_retriever(tmp_path, [a_scan(1), a_scan(2)], ["p1", "p2"], [DAY, DAY], [case])
    report = retriever.report(a_scan(99))
    found = {one.patient: one for one in report.neighbours}["p1"]
    assert found.outcomes["died"] is State.HAPPENED and found.outcomes["died_30d"] is State.ALREADY_HAPPENED
    assert found.time.next is not None and found.time.next.last_known_alive is None
    assert any("dated after their patient's recorded death" in caution for caution in report.cautions)


def test_a_film_after_the_recorded_death_of_its_patient_is_refused(tmp_path: Path) -> None:
    cases = [a_case("p0", (EventKind.DEATH, DAY)), a_case("p1"), a_case("p2")]
    retriever = a_dated_retriever(tmp_path, [a_scan(n) for n in range(3)], ["p0", "p1", "p2"], [DAY - 4] * 3, cases)

    def ask(day: date | None, patient: str = "test-1", as_of: date | None = None) -> None:
        scan = a_scan(99, study_date=day, patient_id=patient)
        retriever.report(scan, Question(time=TimeAsked(as_of=as_of)))

    for fine in ((ON,), (None,), (ON + timedelta(days=1), "TEST-2"), (ON + timedelta(days=1), "somebody")):
        ask(*fine)
    with pytest.raises(RefusedScan, match="died before the StudyDate") as caught:
        ask(ON + timedelta(days=1))
    assert caught.value.reason is Reason.AFTER_DEATH and "TEST" not in caught.value.message.upper().replace(
        "LATEST", ""
    )
    ask(ON + timedelta(days=1), as_of=ON - timedelta(days=1))  # that day nothing was known of the death yet


def test_a_death_on_another_clock_is_compared_with_no_date(tmp_path: Path) -> None:
    case = Case("p0", "test", Clock.ADMISSION, (Event(EventKind.DEATH, True, 9),))
    retriever = a_dated_retriever(tmp_path, [a_scan(n) for n in range(2)], ["p0", "p1"], [0, 0], [case])
    assert retriever.report(a_scan(99, study_date=ON, patient_id="TEST-1")).neighbours


def test_as_of_a_day_the_own_patient_is_known_by_a_later_picture(tmp_path: Path) -> None:
    scans = [a_scan(n) for n in range(4)]
    cases = [a_case(f"p{n}") for n in range(9)]
    retriever = a_dated_retriever(tmp_path, scans, ["p7", "p7", "p1", "p2"], [DAY - 3, DAY + 5, DAY, DAY], cases)
    report = retriever.report(scans[1], Question(time=TimeAsked(as_of=ON)))
    assert {case.patient for case in report.neighbours} == {"p1", "p2"}
