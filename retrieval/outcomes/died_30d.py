"""Death within 30 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("died_30d", EventKind.DEATH, 30, "Did the patient die within 30 days of the scan?")
