"""What a record says became of the patient: dated events, follow-up, and what in it cannot all be so."""

from dataclasses import dataclass

from scankin.index_build.field_values import Contradiction, ContradictionKind, Flag
from scankin.index_build.nccid.record import Record
from scankin.retrieval.case import Event, EventKind

_OUTCOMES = (
    (EventKind.ICU_ADMISSION, "itu_admission", "itu_date"),
    (EventKind.INTUBATION, "intubation", "intubation_date"),
    (EventKind.DEATH, "death", "death_date"),
)


@dataclass(frozen=True)
class Course:
    """What is known of one patient over time.

    Attributes:
        events: What happened and what is stated not to have.
        last_seen_alive: Days since 1970-01-01.
        contradictions: What was found, and what was made of it.
    """

    events: tuple[Event, ...]
    last_seen_alive: int | None
    contradictions: tuple[Contradiction, ...]


def course_of(record: Record, *, is_positive: bool) -> Course:
    """Return the course of a patient; those of the negative cohort have swabs and no outcomes, whatever is written."""
    found = [_late(field.field) for field in record.fields.values() if field.flag is Flag.AFTER_UPLOAD]
    found += [_disagree(field.field) for field in record.fields.values() if field.flag is Flag.CONTRADICTED]
    events = [Event(EventKind.POSITIVE_SWAB, happened=True, day=day) for day in sorted(set(swab_days(record)[0]))]
    if not is_positive:
        return Course(tuple(events), None, tuple(found))
    admitted = record.day("admission_date")
    if admitted is not None:
        events.append(Event(EventKind.ADMISSION, happened=True, day=admitted))
        symptoms = record.number("symptom_days", "days")
        if symptoms is not None:
            events.append(Event(EventKind.SYMPTOM_ONSET, happened=True, day=admitted - round(symptoms)))
    alive = record.day("last_known_alive_date")
    died = record.day("death_date")
    for kind, field, date_field in _OUTCOMES:
        day = stated = record.day(date_field)
        happened = record.is_yes(field)
        if happened is False and day is not None:
            found.append(
                Contradiction(ContradictionKind.EVENT_DENIED, f"{field} is no, yet {date_field} is filled: unknown.")
            )
            continue
        if day is not None and admitted is not None and day < admitted:
            message = f"{date_field} is before the admission: the day is left out."
            found.append(Contradiction(ContradictionKind.EVENT_BEFORE_ADMISSION, message))
            day = None
        if happened or stated is not None:
            events.append(Event(kind, happened=True, day=day))
        elif happened is False:
            events.append(Event(kind, happened=False))
    if alive is not None and died is not None and alive > died:
        message = "last_known_alive_date is after death_date: follow-up is left out."
        found.append(Contradiction(ContradictionKind.ALIVE_AFTER_DEATH, message))
        alive = None
    return Course(tuple(events), alive, tuple(found))


def swab_days(record: Record) -> tuple[list[int], list[int]]:
    """Return the days of positive and of negative swabs and PCR results, since 1970-01-01."""
    stated = [
        (True, record.day("positive_swab_date")),
        (record.is_yes("swab_result", "positive"), record.day("swab_date")),
        (record.is_yes("pcr_1_result", "positive"), record.day("pcr_1_result_date")),
        (record.is_yes("pcr_2_result", "positive"), record.day("pcr_2_result_date")),
        *record.swabs,
    ]
    positive = [day for is_positive, day in stated if is_positive is True and day is not None]
    negative = [day for is_positive, day in stated if is_positive is False and day is not None]
    return positive, negative


def _late(field: str) -> Contradiction:
    return Contradiction(ContradictionKind.AFTER_UPLOAD, f"{field} is later than the file's upload: left out.")


def _disagree(field: str) -> Contradiction:
    return Contradiction(
        ContradictionKind.HEADERS_DISAGREE, f"Two headers of {field} state different values: left out."
    )
