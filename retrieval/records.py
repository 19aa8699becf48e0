"""One indexed scan with all that search, filters and summaries need to know of it, and its row in a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa

from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.fingerprint import FINGERPRINT_BYTES
from scankin.retrieval.scan import Age, Modality, Sex, View

SCAN_FIELDS = pa.schema(
    [
        pa.field("scan", pa.string(), nullable=False),
        pa.field("patient", pa.string(), nullable=False),
        pa.field("collection", pa.string(), nullable=False),
        pa.field("modality", pa.string(), nullable=False),
        pa.field("view", pa.string()),
        pa.field("sex", pa.string()),
        pa.field("age_low_years", pa.float64()),
        pa.field("age_high_years", pa.float64()),
        pa.field("age_band", pa.string()),
        pa.field("site", pa.string()),
        pa.field("day", pa.int32()),
        pa.field("days_since_admission", pa.int32()),
        pa.field("findings", pa.map_(pa.string(), pa.bool_())),
        pa.field("measures", pa.map_(pa.string(), pa.float64())),
        pa.field("facts", pa.map_(pa.string(), pa.float64())),
        pa.field("pixel_hash", pa.string(), nullable=False),
        pa.field("fingerprint", pa.binary(FINGERPRINT_BYTES), nullable=False),
    ]
)
"""Columns of ``scans.parquet`` that casebook and store share."""

CASE_FIELDS = pa.schema(
    [
        pa.field("patient", pa.string(), nullable=False),
        pa.field("collection", pa.string(), nullable=False),
        pa.field("clock", pa.string(), nullable=False),
        pa.field(
            "events",
            pa.list_(pa.struct([("kind", pa.string()), ("happened", pa.bool_()), ("day", pa.int32())])),
            nullable=False,
        ),
        pa.field("last_seen_alive", pa.int32()),
        pa.field("facts", pa.map_(pa.string(), pa.string())),
    ]
)
"""Columns of ``cases.parquet``."""


@dataclass(frozen=True)
class ScanRecord:
    """One indexed scan.

    Attributes:
        scan: Its key.
        patient: The key of its patient.
        collection: Where it comes from.
        modality: Which index holds it.
        view, sex, age: As in ``Scan``; None when not stated.
        site: Hospital or source; None when not stated.
        day: On the patient's clock; None when unknown.
        days_since_admission: Days from admission to the scan, negative before; None when unknown.
        findings: True present, False stated absent; not stated is left out.
        measures: By name of ``scankin.retrieval.measures``.
        facts: Of the patient on the day of the scan, by name of ``scankin.retrieval.clinical``, in its units; age and
            sex have their own place. Versions published before there were facts have none.
        pixel_hash: ``Scan.pixel_hash``.
        fingerprint: 32 bytes, see ``scankin.retrieval.fingerprint``.
    """

    scan: str
    patient: str
    collection: str
    modality: Modality
    pixel_hash: str
    fingerprint: bytes = field(repr=False)
    view: View | None = None
    sex: Sex | None = None
    age: Age | None = None
    site: str | None = None
    day: int | None = None
    days_since_admission: int | None = None
    findings: Mapping[str, bool] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_child(self) -> bool:
        """Whether the patient is surely under 18; an age that is not stated counts as adult."""
        return self.age is not None and self.age.is_child is True

    @property
    def age_band(self) -> str | None:
        """Band of the age, None when it is not recorded or spans two."""
        return None if self.age is None else self.age.band

    def row(self) -> dict[str, Any]:
        """Return the record as a row of ``SCAN_FIELDS``."""
        return {
            "scan": self.scan,
            "patient": self.patient,
            "collection": self.collection,
            "modality": self.modality.value,
            "view": self.view and self.view.value,
            "sex": self.sex and self.sex.value,
            "age_low_years": self.age and self.age.low,
            "age_high_years": self.age and self.age.high,
            "age_band": self.age_band,
            "site": self.site,
            "day": self.day,
            "days_since_admission": self.days_since_admission,
            "findings": sorted(self.findings.items()),
            "measures": sorted(self.measures.items()),
            "facts": sorted(self.facts.items()),
            "pixel_hash": self.pixel_hash,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the record of a row of ``SCAN_FIELDS``; further columns are ignored."""
        low = row["age_low_years"]
        return cls(
            scan=row["scan"],
            patient=row["patient"],
            collection=row["collection"],
            modality=Modality(row["modality"]),
            view=View(row["view"]) if row["view"] else None,
            sex=Sex(row["sex"]) if row["sex"] else None,
            age=None if low is None else Age(low, row["age_high_years"]),
            site=row["site"],
            day=row["day"],
            days_since_admission=row["days_since_admission"],
            findings=dict(row["findings"] or ()),
            measures=dict(row["measures"] or ()),
            facts=dict(row.get("facts") or ()),
            pixel_hash=row["pixel_hash"],
            fingerprint=row["fingerprint"],
        )


def scans_table(records: Iterable[ScanRecord]) -> pa.Table:
    """Return the records as a table of ``SCAN_FIELDS``, in their order."""
    return pa.Table.from_pylist([record.row() for record in records], schema=SCAN_FIELDS)


def cases_table(cases: Iterable[Case]) -> pa.Table:
    """Return the cases as a table of ``CASE_FIELDS``, in their order; events sorted by kind and day."""
    return pa.Table.from_pylist([_case_row(case) for case in cases], schema=CASE_FIELDS)


def cases_of(table: pa.Table) -> list[Case]:
    """Return the cases of a table of ``CASE_FIELDS``, in its order."""
    return [
        Case(
            patient=row["patient"],
            collection=row["collection"],
            clock=Clock(row["clock"]),
            events=tuple(Event(EventKind(e["kind"]), e["happened"], e["day"]) for e in row["events"]),
            last_seen_alive=row["last_seen_alive"],
            facts=dict(row["facts"] or ()),
        )
        for row in table.to_pylist()
    ]


def _case_row(case: Case) -> dict[str, Any]:
    events = sorted(case.events, key=lambda e: (e.kind, not e.happened, e.day is None, e.day or 0))
    return {
        "patient": case.patient,
        "collection": case.collection,
        "clock": case.clock.value,
        "events": [{"kind": e.kind.value, "happened": e.happened, "day": e.day} for e in events],
        "last_seen_alive": case.last_seen_alive,
        "facts": sorted(case.facts.items()),
    }
