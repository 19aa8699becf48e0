"""What was known of a patient by a day: everything later is taken back."""

from dataclasses import replace
from datetime import date

from scankin.retrieval.case import Case, Clock, Event


def known_by(case: Case, day: int) -> Case:
    """Return the case as it was known at the beginning of a day: nothing of that day or later informs it.

    An event that came later had not happened by then, and whoever was in the records later, or died later, was alive
    then. That an event happened without its day being stated is taken back: it may have been later. That one did not
    happen stays, since alone, without follow-up to the horizon, it answers nothing.

    Args:
        case: On the calendar's clock.
        day: Days since 1970-01-01.

    Raises:
        ValueError: The case has another clock: its days cannot be compared with another patient's.
    """
    if case.clock is not Clock.CALENDAR:
        raise ValueError(f"known_by: a clock of {case.clock} has no day that another patient's has.")
    events = []
    latest = [case.last_seen_alive] if case.last_seen_alive is not None else []
    for event in case.events:
        if not event.happened or (event.day is not None and event.day < day):
            events.append(event)
        elif event.day is not None:
            events.append(Event(event.kind, happened=False))
            latest.append(event.day)
    alive = min(max(latest), day - 1) if latest else None
    return replace(case, events=tuple(events), last_seen_alive=alive)


def day_number(on: date) -> int:
    """Return the days since 1970-01-01: the calendar's clock."""
    return (on - date(1970, 1, 1)).days
