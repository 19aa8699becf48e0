"""Supplemental oxygen at any time, as far as recorded."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import Outcome, ever_recorded

OUTCOME = Outcome(
    name="oxygen",
    question="Is the patient recorded to have needed supplemental oxygen?",
    of=ever_recorded(EventKind.OXYGEN),
    kind=EventKind.OXYGEN,
)
