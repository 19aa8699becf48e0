"""What happened to a patient of the index after the scan that matched: later scans and events, on one axis of days."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scankin.retrieval.case import Case, EventKind
from scankin.retrieval.records import ScanRecord

Similarity = Callable[[str], float | None]
"""Takes a scan key, returns its cosine to the query; None where the two are of different modalities."""


@dataclass(frozen=True)
class LaterScan:
    """A scan of a later day.

    Attributes:
        day: Days after the matched scan, at least 1.
        scan: Its key.
        modality, view: As recorded; None when no view is.
        similarity: Cosine to the query, 6 decimals; None for another modality.
        measures: Severity as read, by name; what was not read is left out.
    """

    day: int
    scan: str
    modality: str
    view: str | None
    similarity: float | None
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LaterEvent:
    """A dated event of the day of the matched scan or later; a death also where it is dated before.

    Attributes:
        day: Days after the matched scan; negative only for a death.
        kind: What happened.
    """

    day: int
    kind: EventKind


@dataclass(frozen=True)
class Afterwards:
    """What is recorded of a patient after the matched scan, by days from it.

    Attributes:
        scans: By day, then key.
        events: By day, then kind.
        last_known_alive: Last day on which the patient is known to have lived, as stated, by an event or by a scan, at
            least 0; None for those whose death is dated.
    """

    scans: tuple[LaterScan, ...]
    events: tuple[LaterEvent, ...]
    last_known_alive: int | None

    @property
    def is_after_death(self) -> bool:
        """Whether the matched scan is dated after the patient's death: one of the two dates is wrong."""
        return any(event.day < 0 for event in self.events)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "scans": [
                {
                    "day": one.day,
                    "scan": one.scan,
                    "modality": one.modality,
                    "view": one.view,
                    "similarity": one.similarity,
                    "measures": dict(one.measures),
                }
                for one in self.scans
            ],
            "events": [{"day": one.day, "event": one.kind.value} for one in self.events],
            "last_known_alive": self.last_known_alive,
        }


def afterwards(
    record: ScanRecord, case: Case, records: Iterable[ScanRecord], similarity: Similarity
) -> Afterwards | None:
    """Return what is recorded after a scan; None where its day is not known.

    Args:
        record: The matched scan.
        case: Its patient.
        records: All scans of that patient, in any order.
        similarity: Of a scan to the query.
    """
    on = record.day
    if on is None:
        return None
    scans = [
        LaterScan(
            one.day - on, one.scan, one.modality.value, one.view and one.view.value, similarity(one.scan), one.measures
        )
        for one in records
        if one.day is not None and one.day > on
    ]
    events = {
        LaterEvent(event.day - on, event.kind)
        for event in case.events
        if event.day is not None and (event.day >= on or event.kind is EventKind.DEATH)
    }
    alive = None
    if case.day_of(EventKind.DEATH) is None:
        seen = case.last_alive
        alive = max([0, *(one.day for one in scans), *([] if seen is None else [seen - on])])
    return Afterwards(
        tuple(sorted(scans, key=lambda one: (one.day, one.scan))),
        tuple(sorted(events, key=lambda one: (one.day, one.kind))),
        alive,
    )
