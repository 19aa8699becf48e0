"""Admission to intensive care within 14 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within(
    "intensive_care_14d",
    EventKind.ICU_ADMISSION,
    14,
    "Was the patient admitted to intensive care within 14 days of the scan?",
)
