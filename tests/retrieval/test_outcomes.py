"""Outcomes within days of a scan, rule by rule (NCCID.md 4.1). The scan is on day 100."""

import pytest

from scankin.retrieval.case import Case, Event, EventKind, State
from scankin.retrieval.follow_up import Ending, FollowUp, follow_up
from scankin.retrieval.outcomes import all_outcomes

DAY = 100
DEATH, ITU = EventKind.DEATH, EventKind.ICU_ADMISSION
YES, NO, UNKNOWN, BEFORE = State.HAPPENED, State.DID_NOT_HAPPEN, State.UNKNOWN, State.ALREADY_HAPPENED
CENSORED = State.CENSORED


def a_case(*events: Event, alive: int | None = None) -> Case:
    return Case("p", "c", events=events, last_seen_alive=alive)


def state(name: str, case: Case, day: int | None = DAY) -> State:
    return next(outcome for outcome in all_outcomes() if outcome.name == name).of(case, day)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (a_case(Event(DEATH, True, 100)), YES),
        (a_case(Event(DEATH, True, 130)), YES),
        (a_case(Event(DEATH, True, 131)), NO),
        (a_case(Event(DEATH, True, 99)), BEFORE),
        (a_case(Event(DEATH, True)), UNKNOWN),  # died, day unknown
        (a_case(Event(DEATH, True), alive=130), NO),  # died, but was alive on day 30
        (a_case(Event(DEATH, False)), UNKNOWN),  # not recorded dead at upload, whenever that was
        (a_case(Event(DEATH, False), alive=129), CENSORED),
        (a_case(alive=100), CENSORED),  # alive on the day of the scan, and nothing is known beyond
        (a_case(alive=99), UNKNOWN),
        (a_case(Event(DEATH, False), alive=130), NO),
        (a_case(alive=130), NO),
        (a_case(), UNKNOWN),
    ],
)
def test_death_within_30_days(case: Case, expected: State) -> None:
    assert state("died_30d", case) is expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (a_case(Event(ITU, True, 107)), YES),
        (a_case(Event(ITU, True, 108)), NO),
        (a_case(Event(ITU, True, 99)), BEFORE),
        (a_case(Event(ITU, True), alive=200), UNKNOWN),  # it happened, on a day that is not known
        (a_case(Event(ITU, False)), UNKNOWN),
        (a_case(Event(ITU, False), alive=107), NO),
        (a_case(Event(ITU, False), alive=106), CENSORED),
        (a_case(Event(ITU, False), Event(DEATH, True, 103)), NO),  # died without it
        (a_case(Event(DEATH, True, 103)), UNKNOWN),
        (a_case(alive=200), UNKNOWN),  # alive says nothing of intensive care
    ],
)
def test_intensive_care_within_7_days(case: Case, expected: State) -> None:
    assert state("intensive_care_7d", case) is expected


def test_of_a_scan_without_a_day_nothing_within_days_is_known() -> None:
    assert state("died_7d", a_case(Event(DEATH, True, 100), alive=50), day=None) is UNKNOWN


def test_time_ends_with_the_event_or_with_what_is_known() -> None:
    event, censored = Ending.EVENT, Ending.CENSORED
    assert follow_up(a_case(Event(DEATH, True, 104), alive=103), DEATH, DAY) == FollowUp(4, event)
    assert follow_up(a_case(alive=115), DEATH, DAY) == FollowUp(15, censored)
    assert follow_up(a_case(Event(ITU, False), Event(DEATH, True, 104)), ITU, DAY) == FollowUp(4, censored)
    assert follow_up(a_case(Event(DEATH, True, 104)), ITU, DAY) is None  # intensive care is not stated
    assert follow_up(a_case(Event(ITU, True, 99)), ITU, DAY) is None
    assert follow_up(a_case(alive=99), DEATH, DAY) is None
    assert follow_up(a_case(alive=115), DEATH, None) is None
