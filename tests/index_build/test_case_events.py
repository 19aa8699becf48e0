import itertools

import pytest

from scankin.index_build.case_events import ever, hannover_days, settled, stated_events, undated
from scankin.retrieval.case import Event, EventKind

ICU, DEATH = EventKind.ICU_ADMISSION, EventKind.DEATH


@pytest.mark.parametrize(
    ("at_any_time", "at_film", "happened"),
    [
        (True, None, True),
        (True, False, True),  # went, but not on this day
        (None, True, True),
        (False, True, True),  # a yes outweighs a no
        (False, None, False),
        (False, False, False),
        (None, False, None),  # not on this day says nothing of any day
        (None, None, None),
    ],
)
def test_only_the_answer_of_any_time_can_deny(
    at_any_time: bool | None, at_film: bool | None, happened: bool | None
) -> None:
    expected = [] if happened is None else [Event(ICU, happened)]
    assert list(ever(ICU, at_any_time, at_film)) == expected


def test_survival_is_the_contrary_of_death() -> None:
    assert list(stated_events({"survival": "N"})) == [Event(DEATH, True)]
    assert list(stated_events({"survival": "Y"})) == [Event(DEATH, False)]


def test_an_empty_row_states_nothing() -> None:
    empty = dict.fromkeys(("survival", "went_icu", "in_icu", "intubated", "needed_supplemental_O2", "extubated"), "")
    assert list(stated_events(empty)) == list(stated_events({})) == []


def test_not_extubated_may_mean_not_yet() -> None:
    assert list(stated_events({"extubated": "Y"})) == [Event(EventKind.EXTUBATION, True)]
    assert list(stated_events({"extubated": "N"})) == []


def test_hannover_days_count_from_admission() -> None:
    # The film is of day 11. Intensive care 5 days before it: day 6; released and dead 15 days after it: day 26.
    row = {
        "admission_offset": "-11",
        "icu_admission_offset": "-5.0",
        "icu_release_offset": "15.0",
        "death_offset": "15.0",
    }
    days = {event.kind: event.day for event in hannover_days(row)}
    assert days == {EventKind.ADMISSION: 0, ICU: 6, EventKind.ICU_RELEASE: 26, DEATH: 26}


def test_without_an_admission_what_happened_has_no_day() -> None:
    assert list(hannover_days({"icu_admission_offset": "3", "admission_offset": ""})) == [Event(ICU, True, None)]


def test_a_yes_outweighs_a_no_and_a_day_stays() -> None:
    assert settled([Event(ICU, False), Event(ICU, True), Event(ICU, True, 6)]) == (Event(ICU, True, 6),)
    assert settled([Event(DEATH, False), Event(DEATH, False)]) == (Event(DEATH, False),)


def test_days_that_disagree_leave_the_day_unknown() -> None:
    assert settled([Event(ICU, True, 6), Event(ICU, True, 7)]) == (Event(ICU, True, None),)


def test_the_order_of_rows_does_not_matter() -> None:
    events = [Event(ICU, True, 6), Event(DEATH, False), Event(ICU, False), Event(EventKind.OXYGEN, True)]
    assert len({settled(order) for order in itertools.permutations(events)}) == 1
    assert settled(undated(events)) == (Event(DEATH, False), Event(ICU, True), Event(EventKind.OXYGEN, True))
