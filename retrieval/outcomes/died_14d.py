"""Death within 14 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("died_14d", EventKind.DEATH, 14, "Did the patient die within 14 days of the scan?")
