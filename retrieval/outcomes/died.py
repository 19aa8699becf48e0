"""Death at any time, as far as recorded."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import Outcome, ever_recorded

OUTCOME = Outcome(
    name="died",
    question="Is the patient recorded to have died?",
    of=ever_recorded(EventKind.DEATH),
    kind=EventKind.DEATH,
)
