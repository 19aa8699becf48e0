"""What the index of a past day would have said of the patients admitted then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scankin.index_build.backtest.cohort import DatedCohort
from scankin.index_build.calibrate.fit import calibrate
from scankin.retrieval.capacity import GroupRisks, Risk
from scankin.retrieval.course.clock import known_by
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.estimates.estimate import Estimator, OutcomeEstimate
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.scan import Modality


@dataclass(frozen=True)
class Estimates:
    """Estimates of some patients with one outcome.

    Attributes:
        group: As the report estimates them: those without an estimate have abstained.
        base_only: The same patients, all at the base rate.
    """

    group: GroupRisks
    base_only: GroupRisks


class PastIndex:
    """An index of what was known before a day, calibrated on nothing else, that answers as a report does."""

    def __init__(self, cohort: DatedCohort, day: int) -> None:
        """Take the films before ``day`` (days since 1970-01-01), with what was known of their patients by then.

        There must be at least one.
        """
        self._cohort = cohort
        before = int(np.searchsorted(cohort.days, day))
        records = cohort.records[:before]
        cases = {patient: known_by(cohort.cases[patient], day) for patient in {record.patient for record in records}}
        self._index = ScanIndex.of(records, Embeddings(cohort.vectors[:before], cohort.encoder))
        calibration = calibrate({Modality.XRAY: self._index}, cases)[Modality.XRAY]
        self._estimator = Estimator(self._index.records, cases, calibration)
        self._people = cohort.people[:before]

    def answer(self, row: int) -> Mapping[str, OutcomeEstimate]:
        """Return the estimate of every outcome for a film of the cohort, by name; its own patient never answers."""
        cohort = self._cohort
        record = cohort.records[row]
        asking = Embeddings(cohort.vectors[[row]], cohort.encoder)
        cosines, allowed = self._index.similarities(asking), self._people != cohort.people[row]
        expected = self._estimator.answer(asking.vectors[0], cosines, allowed, record.age, record.sex)
        return {one.name: one for one in expected.estimates}


def estimates_of(answers: Sequence[OutcomeEstimate]) -> Estimates | None:
    """Return the group of some patients' estimates of one outcome; None where its base rate was not known."""
    base = answers[0].base
    if base is None:
        return None
    risks = tuple(
        Risk(one.estimate, *one.interval) for one in answers if one.estimate is not None and one.interval is not None
    )
    group = GroupRisks(risks, len(answers) - len(risks), base.share, base.patients)
    return Estimates(group, GroupRisks((), len(answers), base.share, base.patients))
