"""Intubation within 7 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("intubated_7d", EventKind.INTUBATION, 7, "Was the patient intubated within 7 days of the scan?")
