"""Clinical facts: what can be stated of a patient beside the picture, and how alike patients are in it."""

from scankin.retrieval.clinical.fact import Fact, Kind
from scankin.retrieval.clinical.registry import FACTS

__all__ = ["FACTS", "Fact", "Kind"]
