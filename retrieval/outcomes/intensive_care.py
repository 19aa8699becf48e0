"""Admission to intensive care at any time, as far as recorded."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import Outcome, ever_recorded

OUTCOME = Outcome(
    name="intensive_care",
    question="Is the patient recorded to have been admitted to intensive care?",
    of=ever_recorded(EventKind.ICU_ADMISSION),
    kind=EventKind.ICU_ADMISSION,
)
