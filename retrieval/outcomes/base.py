"""What an outcome is: a question about a case, answered yes, no, unknown, censored or already happened."""

from collections.abc import Callable
from dataclasses import dataclass

from scankin.retrieval.case import Case, EventKind, State
from scankin.retrieval.follow_up import follow_up

Answer = Callable[[Case, int | None], State]
"""Takes a case and the day of the scan on the patient's clock (None: unknown)."""


@dataclass(frozen=True)
class Outcome:
    """One outcome; its file's name is its name.

    Attributes:
        name: As in reports.
        question: What is asked, as a sentence.
        of: Answers it for a case and the day of its scan.
        kind: What must happen.
        horizon_days: Within how many days of the scan; None: at any time, before or after it.
    """

    name: str
    question: str
    of: Answer
    kind: EventKind
    horizon_days: int | None = None


def ever_recorded(kind: EventKind) -> Answer:
    """Return an answer: did ``kind`` ever happen, before or after the scan, as far as recorded?"""
    return lambda case, _day: case.ever(kind)


def within(name: str, kind: EventKind, days: int, question: str) -> Outcome:
    """Return an outcome with a horizon."""
    return Outcome(name, question, happened_within(kind, days), kind, days)


def happened_within(kind: EventKind, days: int) -> Answer:
    """Return an answer: did ``kind`` first happen 0 to ``days`` days after the scan (NCCID.md 4.1)?

    It did not when it happened later, or when the patient was followed for the whole time: known alive at its end and,
    but for death, stated not to have had it. Whoever died without it did not have it either. Who was followed for a
    part of the time only is censored. In all other cases it is unknown: that nothing is recorded says nothing. What
    happened before the scan has already happened.
    """

    def answer(case: Case, day: int | None) -> State:
        if day is None:
            return State.UNKNOWN
        on = case.day_of(kind)
        if on is not None:
            if on < day:
                return State.ALREADY_HAPPENED
            return State.HAPPENED if on - day <= days else State.DID_NOT_HAPPEN
        time = follow_up(case, kind, day)
        if time is None:
            return State.UNKNOWN
        died = case.day_of(EventKind.DEATH)
        has_died = kind is not EventKind.DEATH and died is not None and died >= day
        return State.DID_NOT_HAPPEN if has_died or time.days >= days else State.CENSORED

    return answer
