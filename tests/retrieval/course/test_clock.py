import pytest

from scankin.retrieval.case import Case, Clock, Event, EventKind, State
from scankin.retrieval.course.clock import known_by
from scankin.retrieval.outcomes.intensive_care_7d import OUTCOME

ICU, DEATH, ADMISSION = EventKind.ICU_ADMISSION, EventKind.DEATH, EventKind.ADMISSION


def case(*events: Event, alive: int | None = None) -> Case:
    return Case("p", "test", Clock.CALENDAR, events, alive)


def test_what_came_on_the_day_or_later_is_not_known() -> None:
    full = case(Event(ADMISSION, True, 100), Event(ICU, True, 105))
    assert known_by(full, 105).day_of(ICU) is None
    assert known_by(full, 106).day_of(ICU) == 105 and known_by(full, 105).day_of(ADMISSION) == 100


def test_who_fell_ill_later_counts_as_free_until_then_and_unknown_beyond() -> None:
    """Intensive care on day 120, film on day 100: on day 108 a week is over without it, on day 107 it is not."""
    full = case(Event(ICU, True, 120))
    assert OUTCOME.of(known_by(full, 108), 100) is State.DID_NOT_HAPPEN
    assert not OUTCOME.of(known_by(full, 107), 100).is_known
    assert OUTCOME.of(full, 115) is State.HAPPENED and not OUTCOME.of(known_by(full, 118), 115).is_known


def test_a_no_without_follow_up_by_then_answers_nothing_yet() -> None:
    full = case(Event(ICU, False), alive=130)
    assert OUTCOME.of(full, 100) is State.DID_NOT_HAPPEN
    assert not OUTCOME.of(known_by(full, 104), 100).is_known
    assert known_by(full, 104).last_seen_alive == 103


def test_a_death_to_come_says_that_the_patient_lived_until_then_and_no_more() -> None:
    full = case(Event(DEATH, True, 110), Event(ICU, False))
    known = known_by(full, 105)
    assert known.day_of(DEATH) is None and known.ever(DEATH) is State.DID_NOT_HAPPEN and known.last_seen_alive == 104


def test_an_event_of_an_unstated_day_is_taken_back() -> None:
    assert known_by(case(Event(ICU, True)), 200).ever(ICU) is State.UNKNOWN


def test_days_of_another_clock_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="clock"):
        known_by(Case("p", "test", Clock.ADMISSION), 10)
