"""Admission to intensive care within 7 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within(
    "intensive_care_7d",
    EventKind.ICU_ADMISSION,
    7,
    "Was the patient admitted to intensive care within 7 days of the scan?",
)
