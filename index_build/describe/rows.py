"""Scans, patients and refusals of a casebook as rows that are counted; the page gets counts only, never a row."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from scankin.index_build.casebook import Casebook
from scankin.index_build.findings import COVID
from scankin.index_build.readings import EPOCH
from scankin.retrieval.case import Case, Clock, EventKind
from scankin.retrieval.records import cases_of
from scankin.retrieval.scan import Modality

NOT_STATED = "not stated"
SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan.

    Attributes:
        patient: Key; counts patients, never shown.
        scan: Key; orders scans of one day, never shown.
        is_film: An X-ray film; otherwise a CT.
        collection: Where it comes from.
        centre: Hospital; None when not stated.
        day: On the patient's clock; None when unknown.
        on: The same as a date, where the clock is the calendar.
        days_since_swab: Days from the patient's first positive swab, negative before; None when either is unknown.
        days_since_admission: As in the casebook.
        covid: Whether COVID-19 is stated present or absent; None: not stated.
        view, sex, age_band, device: As recorded; None when not.
    """

    patient: str
    scan: str
    is_film: bool
    collection: str
    centre: str | None
    day: int | None
    on: date | None
    days_since_swab: int | None
    days_since_admission: int | None
    covid: bool | None
    view: str | None
    sex: str | None
    age_band: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One patient.

    Attributes:
        case: What is known; never shown.
        centre: That sent the patient in, or of the scans where they name one; ``SEVERAL``, ``NOT_STATED``.
        cohort: How the collection recruited the patient; ``NOT_STATED``.
        scans: Earliest first, those without a day last.
    """

    case: Case
    centre: str
    cohort: str
    scans: tuple[ScanRow, ...]


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One item that became no scan; an item of nobody known counts as a patient of its own."""

    patient: str
    centre: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """All rows of a casebook.

    Attributes:
        scans: In the casebook's order.
        patients: By key.
        refusals: In the casebook's order.
    """

    scans: tuple[ScanRow, ...]
    patients: dict[str, PatientRow]
    refusals: tuple[RefusalRow, ...]

    @property
    def films(self) -> list[ScanRow]:
        """X-ray films."""
        return [scan for scan in self.scans if scan.is_film]


def rows_of(book: Casebook) -> Rows:
    """Return the rows of a casebook."""
    cases = {case.patient: case for case in cases_of(book.tables["cases"])}
    case_sites = dict(
        zip(book.tables["cases"]["patient"].to_pylist(), book.tables["cases"]["case_site"].to_pylist(), strict=True)
    )
    scans, cohorts = _scans(book, cases, case_sites)
    of_patient: dict[str, list[ScanRow]] = defaultdict(list)
    for scan in scans:
        of_patient[scan.patient].append(scan)
    patients = {}
    for key, case in cases.items():
        own = sorted(of_patient[key], key=lambda scan: (scan.day is None, scan.day or 0, scan.scan))
        centre = case_sites[key] or _one_of({scan.centre for scan in own if scan.centre})
        cohort = case.facts.get("cohort") or _one_of(cohorts.get(key, set()))
        patients[key] = PatientRow(case, centre, cohort, tuple(own))
    return Rows(tuple(scans), patients, tuple(_refusals(book)))


def _scans(
    book: Casebook, cases: dict[str, Case], case_sites: dict[str, str | None]
) -> tuple[list[ScanRow], dict[str, set[str]]]:
    columns = ["scan", "patient", "modality", "collection", "site", "day", "days_since_admission", "findings"]
    columns += ["view", "sex", "age_band", "device", "cohort"]
    rows, cohorts = [], defaultdict(set)
    for row in book.tables["scans"].select(columns).to_pylist():
        case, day = cases[row["patient"]], row["day"]
        swab = case.day_of(EventKind.POSITIVE_SWAB)
        if row["cohort"]:
            cohorts[case.patient].add(row["cohort"])
        rows.append(
            ScanRow(
                patient=case.patient,
                scan=row["scan"],
                is_film=row["modality"] == Modality.XRAY.value,
                collection=row["collection"],
                centre=row["site"] or case_sites[case.patient],
                day=day,
                on=EPOCH + timedelta(days=day) if day is not None and case.clock is Clock.CALENDAR else None,
                days_since_swab=None if day is None or swab is None else day - swab,
                days_since_admission=row["days_since_admission"],
                covid=dict(row["findings"] or ()).get(COVID),
                view=row["view"],
                sex=row["sex"],
                age_band=row["age_band"],
                device=row["device"],
            )
        )
    return rows, cohorts


def _refusals(book: Casebook) -> list[RefusalRow]:
    table = book.tables["refusals"].select(["patient", "case_site", "reason"])
    return [
        RefusalRow(row["patient"] or f"item {number}", row["case_site"] or NOT_STATED, row["reason"])
        for number, row in enumerate(table.to_pylist())
    ]


def _one_of(names: set[str]) -> str:
    if not names:
        return NOT_STATED
    return names.pop() if len(names) == 1 else SEVERAL
