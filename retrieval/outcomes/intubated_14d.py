"""Intubation within 14 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("intubated_14d", EventKind.INTUBATION, 14, "Was the patient intubated within 14 days of the scan?")
