"""T10: the clock is stopped at the end of a horizon, on cases written out by hand."""

import pytest

from scankin.index_build.evaluate import clock
from scankin.index_build.evaluate.clock import clocked, stopped
from scankin.retrieval.case import Case, Clock, Event, EventKind, State
from scankin.retrieval.outcomes import Outcome, all_outcomes


def a_case(*events: Event, seen: int | None = None) -> Case:
    return Case("p", "made", Clock.ADMISSION, events, seen)


def test_what_is_dated_later_has_not_happened_yet_and_whoever_it_is_dated_of_lived() -> None:
    case = a_case(Event(EventKind.ICU_ADMISSION, True, 3), Event(EventKind.DEATH, True, 12))
    then = stopped(case, 7)
    assert then.day_of(EventKind.ICU_ADMISSION) == 3
    assert then.ever(EventKind.DEATH) is State.DID_NOT_HAPPEN and then.last_seen_alive == 7
    assert stopped(case, 12) == case


def test_what_has_no_date_stays() -> None:
    case = a_case(Event(EventKind.INTUBATION, True), seen=5)
    assert stopped(case, 10) == case


def test_no_answer_with_a_horizon_is_informed_by_what_comes_after_it() -> None:
    cases = {
        "died in time": a_case(Event(EventKind.DEATH, True, 5), Event(EventKind.ICU_ADMISSION, False)),
        "died later": a_case(Event(EventKind.DEATH, True, 20), Event(EventKind.INTUBATION, True, 1)),
        "seen later": a_case(Event(EventKind.ICU_ADMISSION, True, 40), seen=60),
        "no follow-up": a_case(),
    }
    found = clocked(cases, [(patient, day) for patient in cases for day in (0, 2, 15)] + [("nobody", 0)])
    horizons = sum(outcome.horizon_days is not None for outcome in all_outcomes())
    assert horizons >= 9 and found.asked == 4 * 3 * horizons and found.informed > 30 and found.changed == 0


def test_an_outcome_that_peeks_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def peeks(case: Case, _day: int | None) -> State:
        return case.ever(EventKind.DEATH)

    outcome = Outcome("peeks", "Does it peek?", peeks, EventKind.DEATH, 7)
    monkeypatch.setattr(clock, "all_outcomes", lambda: (outcome,))
    found = clocked({"p": a_case(Event(EventKind.DEATH, True, 20))}, [("p", 0), ("p", 15)])
    assert (found.asked, found.informed, found.changed) == (2, 1, 1)  # from day 15 on, day 20 lies in the horizon
