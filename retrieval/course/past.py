"""An index as it stood at the end of a day: what retrospective studies ask, so that nothing later informs them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from scankin.retrieval.case import Case, Clock, EventKind
from scankin.retrieval.course.clock import day_number, known_by
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.estimates.calibration import ModalityCalibration, OutcomeCalibration
from scankin.retrieval.gate.file import NO_GATES
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.version import IndexVersion

NO_ESTIMATES = "estimates are fitted on the whole index, also on what came after the day that was asked about"
NO_GATE = "the gate is fitted on the whole index, also on what came after the day that was asked about"
NOTE = (
    "As of {day}: later scans and events, and scans without a date of the calendar, were left out; outcomes of any "
    "time are told as they stood then, base rates are of what was known then. Findings are not told: when they became "
    "known is not recorded."
)


def past_of(version: IndexVersion, on: date) -> IndexVersion:
    """Return a version that holds what was known at the end of a day.

    Left out: scans of a later day, those whose patient has no calendar clock, and findings and facts, of which it is
    not recorded when they became known. Cases are those of ``known_by``. Nothing that was fitted on the whole index
    takes part: no gate, and estimates that abstain. Severity measures stay, since they were read from the scan itself.

    Args:
        version: The whole one; it is not changed.
        on: The day, whose own scans and events count.

    Raises:
        RefusedScan: No scan is from then or before.
    """
    day = day_number(on)
    cases = {
        patient: replace(known_by(case, day + 1), facts={})
        for patient, case in version.cases.items()
        if case.clock is Clock.CALENDAR
    }
    indexes = {
        modality: past
        for modality, index in version.indexes.items()
        if (past := _index_of(index, cases, day)) is not None
    }
    if not indexes:
        raise RefusedScan(
            Reason.NO_CANDIDATES,
            f"No scan of the index is known to be from {on.isoformat()} or before. Ask as of a later day.",
        )
    return replace(
        version,
        indexes=indexes,
        cases={one.patient: cases[one.patient] for index in indexes.values() for one in index.records},
        gates=replace(NO_GATES, notes={modality.value: NO_GATE for modality in indexes}),
        calibration={modality: _abstaining() for modality in indexes},
    )


def _index_of(index: ScanIndex, cases: Mapping[str, Case], day: int) -> ScanIndex | None:
    rows = [
        row
        for row, record in enumerate(index.records)
        if record.patient in cases and record.day is not None and record.day <= day
    ]
    if not rows:
        return None
    records = [_then(index.records[row], cases[index.records[row].patient]) for row in rows]
    return ScanIndex.of(records, Embeddings(index.vectors[rows], index.encoder))


def _then(record: ScanRecord, case: Case) -> ScanRecord:
    """Return a scan as it was known: one taken before an admission did not know of it."""
    is_admitted = case.day_of(EventKind.ADMISSION) is not None
    return replace(
        record, findings={}, facts={}, days_since_admission=record.days_since_admission if is_admitted else None
    )


def _abstaining() -> ModalityCalibration:
    held = {outcome.name: OutcomeCalibration(None, refusal=NO_ESTIMATES) for outcome in all_outcomes()}
    return ModalityCalibration(held, None)
