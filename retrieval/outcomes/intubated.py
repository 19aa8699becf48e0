"""Intubation at any time, as far as recorded."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import Outcome, ever_recorded

OUTCOME = Outcome(
    name="intubated",
    question="Is the patient recorded to have been intubated?",
    of=ever_recorded(EventKind.INTUBATION),
    kind=EventKind.INTUBATION,
)
