"""Intubation within 30 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("intubated_30d", EventKind.INTUBATION, 30, "Was the patient intubated within 30 days of the scan?")
