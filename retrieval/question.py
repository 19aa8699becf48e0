"""What is asked about a scan, beside the scan itself."""

from dataclasses import dataclass

from scankin.retrieval.clinical.comparison import FactsAsked
from scankin.retrieval.course.asked import NO_TIME, TimeAsked
from scankin.retrieval.filters import NO_FILTERS, Filters


@dataclass(frozen=True)
class Question:
    """How a query is to be answered.

    Attributes:
        k: Patients wanted, 1 to 1,000.
        filters: What neighbours must satisfy, applied inside the search.
        false_refusal: Share of scans like the index's that the gate may refuse; None: the index's own, 0: no gate.
        time: When the query is, how much time counts, and as of which day is answered.
        facts: What is stated of the patient, and how much it counts in the order; None: facts are not compared.
        counter: An outcome of which the nearest patients with and without it are wanted; None: of none.
    """

    k: int = 10
    filters: Filters = NO_FILTERS
    false_refusal: float | None = None
    time: TimeAsked = NO_TIME
    facts: FactsAsked | None = None
    counter: str | None = None


PLAIN = Question()
