"""Supplemental oxygen within 14 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("oxygen_14d", EventKind.OXYGEN, 14, "Was supplemental oxygen first needed within 14 days of the scan?")
