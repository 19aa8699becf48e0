"""What an outcome is: a question about a case, answered yes, no or unknown."""

from collections.abc import Callable
from dataclasses import dataclass

from scankin.retrieval.case import Case, EventKind, State

Answer = Callable[[Case, int | None], State]
"""Takes a case and the day of the scan on the patient's clock (None: unknown)."""


@dataclass(frozen=True)
class Outcome:
    """One outcome; its file's name is its name.

    Attributes:
        name: As in reports.
        question: What is asked, as a sentence.
        of: Answers it for a case and the day of its scan.
    """

    name: str
    question: str
    of: Answer


def ever_recorded(kind: EventKind) -> Answer:
    """Return an answer: did ``kind`` ever happen, before or after the scan, as far as recorded?"""
    return lambda case, _day: case.ever(kind)
