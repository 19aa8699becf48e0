"""Supplemental oxygen within 7 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("oxygen_7d", EventKind.OXYGEN, 7, "Was supplemental oxygen first needed within 7 days of the scan?")
