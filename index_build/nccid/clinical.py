"""One patient's clinical files: which is current, and what it states."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scankin.index_build.nccid.dates import day_of
from scankin.retrieval.case import Event, EventKind

WINDOW_DAYS = (-14, 28)
"""Days of a film from a positive swab within which it shows COVID-19 (Harkness's rule on NCCID; both ends excluded)."""

BEFORE_COVID = day_of("11/01/2019") or 0
"""No film from before November 2019 shows COVID-19."""


@dataclass(frozen=True)
class Clinical:
    """The current clinical record of one patient.

    Attributes:
        pseudonym: As the folder spells it.
        is_positive: Of the positive cohort: some ``data_*`` file exists.
        record: Its fields, ``SegmentationData`` merged.
    """

    pseudonym: str
    is_positive: bool
    record: Mapping[str, Any]

    @property
    def centre(self) -> str | None:
        """The submitting centre, as written."""
        return str(self.record.get("SubmittingCentre") or "").strip() or None

    def swab_days(self) -> tuple[list[int], list[int]]:
        """Return the days of positive and of negative swabs and PCR results, since 1970-01-01."""
        positive: list[int] = []
        negative: list[int] = []
        stated: list[tuple[object, int | None]] = [
            (1, day_of(self.record.get("Date of Positive Covid Swab"))),
            (self.record.get("SwabStatus"), day_of(self.record.get("SwabDate"), day_first=True)),
            *(
                (self.record.get(f"{n} RT-PCR result"), day_of(self.record.get(f"Date of result of {n} RT-PCR")))
                for n in ("1st", "2nd")
            ),
        ]
        for swab in self.record.get("SwabDates") or []:
            if isinstance(swab, Mapping):
                stated.append((swab.get("SwabStatus"), day_of(swab.get("SwabDate"), day_first=True)))
        for status, day in stated:
            is_positive = flag(status)
            if day is not None and is_positive is not None:
                (positive if is_positive else negative).append(day)
        return positive, negative

    def covid_at(self, day: int | None) -> bool | None:
        """Return whether a film of that day shows COVID-19: by the swabs' window, never by the patient alone."""
        if day is None:
            return None
        positive, negative = self.swab_days()
        if any(_in_window(day, swab) for swab in positive):
            return True
        if day < BEFORE_COVID:
            return False
        if self.is_positive:
            return None
        return False if any(_in_window(day, swab) for swab in negative) else None

    def events(self) -> Iterator[Event]:
        """Yield what the record states to have happened or not; the negative cohort has swabs and no outcomes."""
        for day in sorted(set(self.swab_days()[0])):
            yield Event(EventKind.POSITIVE_SWAB, happened=True, day=day)
        if not self.is_positive:
            return
        admitted = day_of(self.record.get("Date of admission"))
        if admitted is not None:
            yield Event(EventKind.ADMISSION, happened=True, day=admitted)
            symptoms = number(self.record.get("Duration of symptoms"))
            if symptoms is not None and 0 < symptoms < 100:
                yield Event(EventKind.SYMPTOM_ONSET, happened=True, day=admitted - round(symptoms))
        for kind, field, date_field in (
            (EventKind.ICU_ADMISSION, "ITU admission", "Date of ITU admission"),
            (EventKind.INTUBATION, "Intubation", "Date of intubation"),
            (EventKind.DEATH, "Death", "Date of death"),
        ):
            on = day_of(self.record.get(date_field))
            happened = flag(self.record.get(field, self.record.get(f"{field} ")))
            if happened or on is not None:
                # A date outweighs a no: somebody wrote it down.
                yield Event(kind, happened=True, day=on)
            elif happened is False:
                yield Event(kind, happened=False)

    def severity_at(self, day: int | None) -> float | None:
        """Return the radiologist's severity (1 to 3) of the first or second film, linked by date."""
        for date_field, fields in (
            ("Date of 1st CXR", ("CXR severity",)),
            ("Date of 2nd CXR", ("CXR severity 3", "CXR severity 2")),
        ):
            if day is not None and day_of(self.record.get(date_field)) == day:
                for field in fields:
                    grade = number(self.record.get(field))
                    if grade in (1, 2, 3):
                        return grade
        return None


def current(folder: Path) -> tuple[Clinical | None, list[tuple[Path, str]]]:
    """Return a patient's current record, and the files that could not be read with the reason.

    Any ``data_*`` file puts the patient in the positive cohort and the newest of them is current; otherwise the newest
    ``status_*`` is (NCCID FAQ).
    """
    broken: list[tuple[Path, str]] = []
    for kind in ("data", "status"):
        for path in sorted(folder.glob(f"{kind}_*.json"), reverse=True):
            try:
                record = json.loads(path.read_bytes())
            except (ValueError, OSError):
                broken.append((path, "It is not JSON."))
                continue
            if not isinstance(record, dict):
                broken.append((path, f"It holds a {type(record).__name__}, not an object."))
                continue
            return Clinical(folder.name, kind == "data", merged(record)), broken
    return None, broken


def merged(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with ``OtherDataSources.SegmentationData`` merged in, the nested value winning."""
    flat = dict(record)
    others = flat.pop("OtherDataSources", None)
    nested = others.get("SegmentationData") if isinstance(others, Mapping) else None
    return {**flat, **merged(nested)} if isinstance(nested, Mapping) else flat


def flag(value: object) -> bool | None:
    """Return True for 1, False for 0, in any type; None for anything else, 2 ("unknown") included."""
    text = str(value if value is not None else "").strip().upper()
    if text in ("1", "1.0", "YES", "RNA DETECTED (SARS-COV-2)"):
        return True
    return False if text in ("0", "0.0", "NO") else None


def number(value: object) -> float | None:
    """Return a plain number; None for anything else."""
    try:
        return float(str(value).strip())
    except ValueError:
        return None


def _in_window(day: int, swab: int) -> bool:
    return WINDOW_DAYS[0] < day - swab < WINDOW_DAYS[1]
