"""Admission to intensive care within 30 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within(
    "intensive_care_30d",
    EventKind.ICU_ADMISSION,
    30,
    "Was the patient admitted to intensive care within 30 days of the scan?",
)
