"""One patient's clinical files: which is current, and what it states."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scankin.index_build.nccid.dates import day_of
from scankin.index_build.nccid.values import flag, grade, number, sex, text
from scankin.retrieval.case import Event, EventKind
from scankin.retrieval.scan import Age, Sex

WINDOW_DAYS = (-14, 28)
"""Days of a film from a positive swab within which it shows COVID-19 (Harkness's rule on NCCID; both ends excluded)."""

BEFORE_COVID = day_of("11/01/2019") or 0
"""No film from before November 2019 shows COVID-19."""

AGE_HOLDS_DAYS = 365
"""A record's age is that at admission; films reach three years back, and the header's own age is the better then."""

OLDEST_YEARS = 120

_OUTCOMES = (
    (EventKind.ICU_ADMISSION, "ITU admission", "Date of ITU admission"),
    (EventKind.INTUBATION, "Intubation", "Date of intubation"),
    (EventKind.DEATH, "Death", "Date of death"),
)


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
        return text(self.record.get("SubmittingCentre")) or None

    @property
    def sex(self) -> Sex | None:
        """Sex as recorded."""
        return sex(self.record.get("Sex"))

    def age_at(self, day: int | None) -> Age | None:
        """Return the recorded age for a film of that day; None where the film is a year or more from the record."""
        years = number(self.record.get("Age"))
        if years is None or not 0 < years <= OLDEST_YEARS:
            return None
        recorded = [on for on in (self._admitted(), *self.swab_days()[0]) if on is not None]
        if day is not None and recorded and min(abs(day - on) for on in recorded) >= AGE_HOLDS_DAYS:
            return None
        return Age.of(years)

    def swab_days(self) -> tuple[list[int], list[int]]:
        """Return the days of positive and of negative swabs and PCR results, since 1970-01-01."""
        positive: list[int] = []
        negative: list[int] = []
        swabs = self.record.get("SwabDates")
        stated: list[tuple[object, int | None]] = [
            (1, day_of(self.record.get("Date of Positive Covid Swab"))),
            *((result, day_of(on)) for result, on in self._results()),
            *(
                (swab.get("SwabStatus"), day_of(swab.get("SwabDate"), day_first=True))
                for swab in (self.record, *(swabs if isinstance(swabs, list) else ()))
                if isinstance(swab, Mapping)
            ),
        ]
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
        swabbed = sorted(set(self.swab_days()[0]))
        for day in swabbed:
            yield Event(EventKind.POSITIVE_SWAB, happened=True, day=day)
        if not self.is_positive:
            return
        admitted = self._admitted()
        if admitted is not None:
            yield Event(EventKind.ADMISSION, happened=True, day=admitted)
            symptoms = number(self.record.get("Duration of symptoms"))
            if symptoms is not None and 0 < symptoms < 100:
                yield Event(EventKind.SYMPTOM_ONSET, happened=True, day=admitted - round(symptoms))
        yield from self._outcomes([*swabbed, *([] if admitted is None else [admitted])])

    def severity_at(self, day: int | None) -> float | None:
        """Return the radiologist's severity (1 to 3) of the first or second film, linked by date."""
        for date_field, fields in (
            ("Date of 1st CXR", ("CXR severity",)),
            ("Date of 2nd CXR", ("CXR severity 3", "CXR severity 2")),
        ):
            if day is not None and day_of(self.record.get(date_field)) == day:
                grades = [grade(self.record.get(field)) for field in fields]
                if found := next((one for one in grades if one is not None), None):
                    return found
        return None

    def _outcomes(self, alive: list[int]) -> Iterator[Event]:
        for kind, field, date_field in _OUTCOMES:
            on = day_of(self.record.get(date_field))
            if kind is EventKind.DEATH and on is not None and alive and on < min(alive):
                on = None  # dead before the admission and every swab: the date is a slip, and the flag alone speaks
            happened = flag(self.record.get(field, self.record.get(f"{field} ")))
            if happened or on is not None:
                # A date outweighs a no: somebody wrote it down.
                yield Event(kind, happened=True, day=on)
            elif happened is False:
                yield Event(kind, happened=False)

    def _admitted(self) -> int | None:
        return day_of(self.record.get("Date of admission"))

    def _results(self) -> Iterator[tuple[object, object]]:
        for nth in ("1st", "2nd"):
            yield self.record.get(f"{nth} RT-PCR result"), self.record.get(f"Date of result of {nth} RT-PCR")


def current(*folders: Path) -> tuple[Clinical | None, list[tuple[Path, str]]]:
    """Return a patient's current record, and the files that could not be used with the reason.

    Any ``data_*`` file puts the patient in the positive cohort and the newest of them is current; otherwise the newest
    ``status_*`` is (NCCID FAQ).

    Args:
        folders: All that belong to the patient: spellings of one pseudonym differ in capitals.
    """
    broken: list[tuple[Path, str]] = []
    for kind in ("data", "status"):
        files = sorted((path for folder in folders for path in folder.glob(f"{kind}_*.json")), key=_by_name)
        for path in reversed(files):
            record = _record(path)
            if isinstance(record, str):
                broken.append((path, record))
            else:
                return Clinical(path.parent.name, kind == "data", merged(record)), broken
    return None, broken


def _by_name(path: Path) -> tuple[str, str]:
    return path.name, path.parent.name


def _record(path: Path) -> dict[str, Any] | str:
    """Return a clinical file's object, or why it is none."""
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        return f"It cannot be read: {error.strerror}."
    except (ValueError, RecursionError):
        return "It is not JSON."
    if not isinstance(record, dict):
        return f"It holds a {type(record).__name__}, not an object."
    stated = str(record.get("Pseudonym") or path.parent.name).strip()
    if stated.upper() != path.parent.name.strip().upper():
        return "Its Pseudonym is not that of its folder; quarantined."
    return record


def merged(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with ``OtherDataSources.SegmentationData`` merged in, the nested value winning."""
    flat = dict(record)
    others = flat.pop("OtherDataSources", None)
    nested = others.get("SegmentationData") if isinstance(others, Mapping) else None
    return {**flat, **merged(nested)} if isinstance(nested, Mapping) else flat


def _in_window(day: int, swab: int) -> bool:
    return WINDOW_DAYS[0] < day - swab < WINDOW_DAYS[1]
