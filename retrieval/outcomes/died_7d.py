"""Death within 7 days of the scan."""

from scankin.retrieval.case import EventKind
from scankin.retrieval.outcomes.base import within

OUTCOME = within("died_7d", EventKind.DEATH, 7, "Did the patient die within 7 days of the scan?")
