"""What the index of a past day would have said of the patients admitted then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scankin.index_build.backtest.clock import known_by
from scankin.index_build.backtest.cohort import DatedCohort
from scankin.retrieval.capacity import GroupRisks, Risk
from scankin.retrieval.case import State
from scankin.retrieval.outcomes import Outcome
from scankin.retrieval.summaries import summarise_share

NEIGHBOURS = 50
LEAST_PATIENTS = 30
"""Below so many patients of known outcome no forecast is made: there is no base rate to speak of."""


@dataclass(frozen=True)
class Estimates:
    """Estimates of some patients with one outcome.

    Attributes:
        group: With neighbours: those in whom none of the neighbours' outcomes is known have abstained.
        base_only: The same patients, all at the base rate.
    """

    group: GroupRisks
    base_only: GroupRisks


class PastIndex:
    """An index of what was known before a day. As in a report, each patient answers by the most similar film."""

    def __init__(self, cohort: DatedCohort, day: int) -> None:
        """Take the films before ``day`` (days since 1970-01-01), with what was known of their patients by then."""
        self._cohort = cohort
        self._before = int(np.searchsorted(cohort.days, day))
        records = cohort.records[: self._before]
        known = {patient: known_by(cohort.cases[patient], day) for patient in {record.patient for record in records}}
        self._cases = [known[record.patient] for record in records]
        self._ranked: dict[int, tuple[list[int], list[float]]] = {}

    def estimates(self, outcome: Outcome, queries: Sequence[int]) -> Estimates | None:
        """Return the estimates of some films; None where the outcome is known in fewer than ``LEAST_PATIENTS``.

        The query's own patient never answers; the weight is the cosine.

        Args:
            outcome: What is asked.
            queries: Rows of the cohort.
        """
        records = self._cohort.records[: self._before]
        states = [outcome.of(case, record.day) for case, record in zip(self._cases, records, strict=True)]
        known: dict[int, list[bool]] = {}
        for person, state in zip(self._cohort.people.tolist(), states, strict=False):
            if state.is_known:
                known.setdefault(person, []).append(state is State.HAPPENED)
        if len(known) < LEAST_PATIENTS:
            return None
        base = float(np.mean([np.mean(answers) for answers in known.values()]))
        risks = []
        for query in queries:
            rows, cosines = self._neighbours(query)
            summary = summarise_share(outcome.name, [states[row] for row in rows], cosines, base)
            if summary.estimate is not None and summary.interval is not None:
                risks.append(Risk(summary.estimate, *summary.interval))
        group = GroupRisks(tuple(risks), len(queries) - len(risks), base, len(known))
        return Estimates(group, GroupRisks((), len(queries), base, len(known)))

    def _neighbours(self, query: int) -> tuple[list[int], list[float]]:
        """Return the rows of the most similar film of each of the nearest people, and their cosines."""
        if query not in self._ranked:
            cohort = self._cohort
            cosines = cohort.vectors[: self._before] @ cohort.vectors[query]
            seen: dict[int, int] = {}
            for row in np.argsort(-cosines, kind="stable").tolist():
                person = int(cohort.people[row])
                if person != cohort.people[query]:
                    seen.setdefault(person, row)
                    if len(seen) == NEIGHBOURS:
                        break
            rows = list(seen.values())
            self._ranked[query] = rows, cosines[rows].tolist()
        return self._ranked[query]
