"""Supplemental oxygen within 30 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("oxygen_30d", EventKind.OXYGEN, 30, "Was supplemental oxygen first needed within 30 days of the scan?")
