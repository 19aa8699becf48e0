"""What the columns of a table with a row per film state of the patient, and how several rows are settled to one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scankin.index_build.csv_rows import Row, day_of, stated_yes_no
from scankin.retrieval.case import Event, EventKind

_EVER_COLUMNS = (
    (EventKind.ICU_ADMISSION, "went_icu", "in_icu"),
    (EventKind.INTUBATION, "intubated", "intubation_present"),
    (EventKind.OXYGEN, "needed_supplemental_O2", ""),
)
"""Column that speaks of any time, and the column that speaks of the film only."""


def ever(kind: EventKind, at_any_time: bool | None, at_film: bool | None = None) -> Iterator[Event]:
    """Yield that ``kind`` happened when either answer is yes; that it did not when the answer of any time is no.

    A no to "at this film" says nothing of ever.
    """
    if at_any_time or at_film:
        yield Event(kind, happened=True)
    elif at_any_time is False:
        yield Event(kind, happened=False)


def stated_events(row: Row) -> Iterator[Event]:
    """Yield what a row of the covid-chestxray columns (also those of open-cxr) states, without days.

    ``survival`` is whether the patient lived. ``extubated`` Y states an extubation; N may mean "not yet", so it
    states nothing.
    """
    survived = stated_yes_no(row.get("survival", ""))
    yield from ever(EventKind.DEATH, None if survived is None else not survived)
    for kind, any_time, film in _EVER_COLUMNS:
        yield from ever(kind, stated_yes_no(row.get(any_time, "")), stated_yes_no(row.get(film, "")))
    if stated_yes_no(row.get("extubated", "")):
        yield Event(EventKind.EXTUBATION, happened=True)


def hannover_days(row: Row) -> Iterator[Event]:
    """Yield the events of the Hannover columns on the admission clock; without a day where no admission is stated.

    The columns hold days relative to the film, and the film's own day is the negative of ``admission_offset``.
    """
    admitted = day_of(row.get("admission_offset", ""))
    if admitted is not None:
        yield Event(EventKind.ADMISSION, happened=True, day=0)
    for kind, column in (
        (EventKind.ICU_ADMISSION, "icu_admission_offset"),
        (EventKind.ICU_RELEASE, "icu_release_offset"),
        (EventKind.DEATH, "death_offset"),
    ):
        offset = day_of(row.get(column, ""))
        if offset is not None:
            yield Event(kind, happened=True, day=None if admitted is None else offset - admitted)


def undated(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events without their days."""
    return (replace(event, day=None) for event in events)


def settled(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return one event a kind, sorted by kind, of what the rows of one patient state.

    A yes outweighs a no, since both speak of any time. A day is kept when all that state one agree: rows that
    contradict each other leave it unknown.
    """
    stated = set(events)
    one_each = []
    for kind in sorted({event.kind for event in stated}):
        of_kind = [event for event in stated if event.kind is kind]
        days = {event.day for event in of_kind if event.day is not None}
        happened = any(event.happened for event in of_kind)
        one_each.append(Event(kind, happened, days.pop() if len(days) == 1 else None))
    return tuple(one_each)
