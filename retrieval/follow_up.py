"""How long after a scan something happened, or for how long it is known not to have: what survival analysis takes."""

from dataclasses import dataclass
from enum import StrEnum

from scankin.retrieval.case import Case, EventKind, State


class Ending(StrEnum):
    """How the time of a patient ends."""

    EVENT = "event"
    CENSORED = "censored"  # known to be free of it until then, and not beyond


@dataclass(frozen=True)
class FollowUp:
    """Time from a scan to an event or to the end of what is known.

    Attributes:
        days: From 0.
        ending: Which of the two.
    """

    days: int
    ending: Ending


def follow_up(case: Case, kind: EventKind, day: int | None) -> FollowUp | None:
    """Return the time from a scan to the first ``kind``, or to its censoring.

    A patient is censored when last known alive, by any dated event but death; for events other than death, death ends
    it too, and only of a patient who is stated not to have had the event is it known that the time until then was free
    of it.

    Args:
        case: The patient.
        kind: What may happen.
        day: Of the scan, on the patient's clock.

    Returns:
        None where the scan's day, the event's day or all follow-up is unknown, and where it happened before the scan.
    """
    if day is None:
        return None
    on = case.day_of(kind)
    if on is not None:
        return FollowUp(on - day, Ending.EVENT) if on >= day else None
    ends = [case.last_alive]
    if kind is not EventKind.DEATH:
        if case.ever(kind) is not State.DID_NOT_HAPPEN:
            return None
        ends.append(case.day_of(EventKind.DEATH))
    last = max((end for end in ends if end is not None), default=None)
    return None if last is None or last < day else FollowUp(last - day, Ending.CENSORED)
