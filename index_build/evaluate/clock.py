"""T10: whether anything dated after the end of an outcome's horizon informs its answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scankin.retrieval.case import Case, Event
from scankin.retrieval.outcomes import all_outcomes


@dataclass(frozen=True)
class Clocked:
    """What stopping the clock showed.

    Attributes:
        asked: Answers compared: of every scan with a day, every outcome with a horizon.
        informed: Of these, answers that could differ, because the record goes on after the horizon.
        changed: Answers that did differ, so that something later informed them; it must be 0.
    """

    asked: int
    informed: int
    changed: int


def stopped(case: Case, day: int) -> Case:
    """Return a case as it stood at the end of a day: what is dated later has not happened yet, and is not known of.

    Whoever is dated later was alive then. What has no date stays: when it became known is not recorded.
    """
    later = {event.kind for event in case.events if event.day is not None and event.day > day}
    events = [event for event in case.events if event.day is None or event.day <= day]
    events += [Event(kind, happened=False) for kind in sorted(later - {event.kind for event in events})]
    dated = [event.day for event in case.events if event.day is not None]
    seen = max([*dated, *([] if case.last_seen_alive is None else [case.last_seen_alive])], default=None)
    last = day if seen is not None and seen > day else case.last_seen_alive
    return replace(case, events=tuple(events), last_seen_alive=last)


def clocked(cases: Mapping[str, Case], scans: Iterable[tuple[str, int | None]]) -> Clocked:
    """Return how many answers change when the clock is stopped at the end of their horizon.

    Args:
        cases: By patient (key).
        scans: Patient (key) and day of every scan.
    """
    asked = informed = changed = 0
    outcomes = [outcome for outcome in all_outcomes() if outcome.horizon_days is not None]
    for patient, day in scans:
        case = cases.get(patient)
        if case is None or day is None:
            continue
        for outcome in outcomes:
            then = stopped(case, day + (outcome.horizon_days or 0))
            asked += 1
            informed += then != case
            changed += outcome.of(then, day) is not outcome.of(case, day)
    return Clocked(asked, informed, changed)
