from builders import a_record

from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.course.afterwards import Afterwards, LaterEvent, LaterScan, afterwards

ICU, DEATH, SWAB = EventKind.ICU_ADMISSION, EventKind.DEATH, EventKind.POSITIVE_SWAB


def a_case(*events: Event, alive: int | None = None) -> Case:
    return Case("pa", "test", Clock.CALENDAR, events, alive)


def after(case: Case, *later: int | None, day: int | None = 100) -> Afterwards | None:
    record = a_record(0, "pa", day=day)
    records = [record, *(a_record(n, "pa", day=on, measures={"brixia": 7.0}) for n, on in enumerate(later, start=1))]
    return afterwards(record, case, reversed(records), lambda _: 0.5)


def test_later_scans_and_events_stand_by_days_from_the_matched_scan() -> None:
    found = after(
        a_case(Event(SWAB, True, 90), Event(ICU, True, 103), Event(DEATH, True, 109)), 104, 98, 102, 100, None
    )
    assert found == Afterwards(
        scans=(
            LaterScan(2, "s000000000000003", "X-ray", None, 0.5, {"brixia": 7.0}),
            LaterScan(4, "s000000000000001", "X-ray", None, 0.5, {"brixia": 7.0}),
        ),
        events=(LaterEvent(3, ICU), LaterEvent(9, DEATH)),
        last_known_alive=None,
    )


def test_follow_up_ends_with_the_last_that_is_stated_or_seen() -> None:
    for case, later, day in (
        (a_case(alive=120), (110,), 20),
        (a_case(Event(ICU, True, 130), alive=120), (), 30),
        (a_case(), (110,), 10),
        (a_case(alive=90), (), 0),  # the scan itself shows a living patient
    ):
        found = after(case, *later)
        assert found is not None and found.last_known_alive == day


def test_a_death_before_the_scan_is_shown_and_never_follow_up() -> None:
    found = after(a_case(Event(DEATH, True, 97), alive=120))
    assert found is not None and found.is_after_death
    assert found.events == (LaterEvent(-3, DEATH),) and found.last_known_alive is None


def test_where_the_day_of_the_scan_is_unknown_nothing_is_told() -> None:
    assert after(a_case(Event(DEATH, True, 97)), 101, day=None) is None
