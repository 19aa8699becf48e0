"""What a casebook holds: patients, films and CTs by centre, month, age, view and device."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from scankin.index_build.casebook import Casebook
from scankin.index_build.describe.disclosure import FEWEST, Grid, Table, few_or
from scankin.index_build.describe.leaks import COUNT_BINS, count_bin
from scankin.index_build.describe.rows import NOT_STATED, SEVERAL, Rows, ScanRow
from scankin.retrieval.filters import BAND_NAMES
from scankin.retrieval.scan import Sex

PATIENTS, FILMS, CTS = "patients", "films", "CTs"
SHOWING, FREE = "films with COVID-19", "films without COVID-19"
ALL = "all"
MOST_DEVICES = 20
OTHERS = " others"
"""Ends the name of a row that stands for what is not told one by one."""
SEXES = {Sex.FEMALE.value: "female", Sex.MALE.value: "male", Sex.OTHER.value: "other"}


@dataclass(frozen=True)
class Figure:
    """One number of the headline, as text."""

    name: str
    value: str


@dataclass(frozen=True)
class SourceFacts:
    """One ingested source, without where it lay."""

    name: str
    importer: str
    scans: str
    patients: str
    refusals: str


@dataclass(frozen=True, eq=False)
class Facts:
    """Counts of a casebook; a grid without rows has no data.

    Attributes:
        figures: The headline.
        sources: What was ingested.
        cohorts: Their names; none where the collection states none.
        centres: Patients by cohort and in all, by centre.
        scans_by_centre: Films and CTs by centre.
        months: Patients, films, CTs and films by label, by calendar month.
        undated: Films and CTs without a calendar date, as text.
        ages: Patients by age band at their first scan, and sex.
        views: Films by projection.
        film_devices, ct_devices: Scans by maker and model.
        films_each: Patients by number of films, and cohort.
    """

    figures: tuple[Figure, ...]
    sources: tuple[SourceFacts, ...]
    cohorts: tuple[str, ...]
    centres: Grid
    scans_by_centre: Grid
    months: Grid
    undated: str
    ages: Grid
    views: Grid
    film_devices: Grid
    ct_devices: Grid
    films_each: Grid

    def centres_table(self) -> Table:
        """Return patients, films and CTs by centre as one table."""
        left, right = self.centres.table(), self.scans_by_centre.table()
        rows = tuple((*one, *other[1:]) for one, other in zip(left.rows, right.rows, strict=True))
        return Table((*left.head, *right.head[1:]), rows)


def facts_of(book: Casebook, rows: Rows) -> Facts:
    """Return the counts of a casebook."""
    cohorts = cohorts_of(rows)
    centres = centres_of(rows)
    dated = [scan for scan in rows.scans if scan.on]
    undated = [scan for scan in rows.scans if not scan.on]
    return Facts(
        figures=tuple(_figures(book, rows, cohorts)),
        sources=tuple(
            SourceFacts(s.name, s.importer, few_or(s.scans), few_or(s.cases), few_or(s.refusals))
            for _, s in sorted(book.sources.items())
        ),
        cohorts=cohorts,
        centres=_by_centre(rows, cohorts, centres),
        scans_by_centre=Grid.of(
            "centre",
            ((_centre(scan, rows), FILMS if scan.is_film else CTS, scan.patient) for scan in rows.scans),
            columns=(FILMS, CTS),
            rows=centres,
        ),
        months=_by_month(dated),
        undated=few_or(len(undated), len({scan.patient for scan in undated})),
        ages=_ages(rows),
        views=Grid.of(
            "projection",
            ((film.view or NOT_STATED, FILMS, film.patient) for film in rows.films),
            columns=(FILMS,),
            rows=_commonest([film.view or NOT_STATED for film in rows.films]),
        ).hidden_last(after=[NOT_STATED]),
        film_devices=_devices(rows.films, FILMS),
        ct_devices=_devices([scan for scan in rows.scans if not scan.is_film], CTS),
        films_each=_films_each(rows, cohorts),
    )


def cohorts_of(rows: Rows) -> tuple[str, ...]:
    """Return the cohorts by name, "not stated" last; none where no patient has one."""
    names = {patient.cohort for patient in rows.patients.values()}
    return () if names <= {NOT_STATED} else tuple(sorted(names, key=lambda name: (name == NOT_STATED, name)))


def centres_of(rows: Rows) -> tuple[str, ...]:
    """Return the centres, largest first, then those of few patients by name, "several" and "not stated" last."""
    patients = Counter(patient.centre for patient in rows.patients.values())
    names = {*patients, *(_centre(scan, rows) for scan in rows.scans)}
    return tuple(sorted(names, key=lambda name: (name in (SEVERAL, NOT_STATED), -max(patients[name], FEWEST), name)))


def _centre(scan: ScanRow, rows: Rows) -> str:
    return scan.centre or rows.patients[scan.patient].centre


def _figures(book: Casebook, rows: Rows, cohorts: Sequence[str]) -> Iterator[Figure]:
    films = rows.films
    yield Figure(PATIENTS, few_or(len(rows.patients)))
    by_cohort = Counter(patient.cohort for patient in rows.patients.values())
    for cohort in cohorts:
        yield Figure(f"patients, cohort {cohort}", few_or(by_cohort[cohort]))
    yield Figure("X-ray films", few_or(len(films), len({film.patient for film in films})))
    series = [scan.patient for scan in rows.scans if not scan.is_film]
    yield Figure(CTS, few_or(len(series), len(set(series))))
    yield Figure("items refused", few_or(len(rows.refusals), len({row.patient for row in rows.refusals})))
    without = sum(not patient.scans for patient in rows.patients.values())
    yield Figure("patients without a scan", few_or(without))
    yield Figure("sources", f"{len(book.sources):,}")


def _by_centre(rows: Rows, cohorts: Sequence[str], centres: Sequence[str]) -> Grid:
    patients = list(rows.patients.values())
    counted = [(patient.centre, PATIENTS, patient.case.patient) for patient in patients]
    counted += [(patient.centre, patient.cohort, patient.case.patient) for patient in patients]
    return Grid.of("centre", counted, columns=(PATIENTS, *cohorts), rows=centres, across=bool(cohorts))


def _by_month(dated: Sequence[ScanRow]) -> Grid:
    counted = []
    seen = set()
    for scan in dated:
        month = _month(scan.on)
        counted.append((month, FILMS if scan.is_film else CTS, scan.patient))
        if (month, scan.patient) not in seen:
            seen.add((month, scan.patient))
            counted.append((month, PATIENTS, scan.patient))
        if scan.is_film and scan.covid is not None:
            counted.append((month, SHOWING if scan.covid else FREE, scan.patient))
    days = [scan.on for scan in dated if scan.on]
    months = _months(min(days), max(days)) if days else []
    return Grid.of("month", counted, columns=(PATIENTS, FILMS, CTS, SHOWING, FREE), rows=months)


def _month(day: date | None) -> str:
    return "" if day is None else f"{day:%Y-%m}"


def _months(first: date, last: date) -> list[str]:
    """Return every month from that of the first day to that of the last."""
    numbers = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def _ages(rows: Rows) -> Grid:
    firsts = [patient.scans[0] for patient in rows.patients.values() if patient.scans]
    counted = [
        (first.age_band or NOT_STATED, SEXES.get(first.sex or "", NOT_STATED), first.patient) for first in firsts
    ]
    bands, sexes = {band for band, *_ in counted}, {sex for _, sex, _ in counted}
    return Grid.of(
        "age in years",
        counted,
        columns=[sex for sex in (*SEXES.values(), NOT_STATED) if sex in sexes],
        rows=[band for band in (*BAND_NAMES, NOT_STATED) if band in bands],
        down=False,
    )


def _devices(scans: Sequence[ScanRow], what: str) -> Grid:
    names = _commonest([scan.device or NOT_STATED for scan in scans])
    if set(names) <= {NOT_STATED}:
        return Grid.of("device", (), columns=(what,))
    kept = names if len(names) <= MOST_DEVICES else names[: MOST_DEVICES - 1]
    named, other = {name: name for name in kept}, f"{len(names) - len(kept)}{OTHERS}"
    return Grid.of(
        "device",
        ((named.get(scan.device or NOT_STATED, other), what, scan.patient) for scan in scans),
        columns=(what,),
        rows=kept if len(kept) == len(names) else [*kept, other],
    ).hidden_last(after=[other, NOT_STATED])


def _films_each(rows: Rows, cohorts: Sequence[str]) -> Grid:
    films = Counter(film.patient for film in rows.films)
    if not films:
        return Grid.of("films of a patient", (), columns=(ALL,))
    counted = [
        (count_bin(films[key]) if films[key] else "none", patient.cohort if cohorts else ALL, key)
        for key, patient in rows.patients.items()
    ]
    used = {name for name, *_ in counted}
    return Grid.of(
        "films of a patient",
        counted,
        columns=cohorts or (ALL,),
        rows=[name for name in ("none", *COUNT_BINS) if name in used],
    )


def _commonest(names: Sequence[str]) -> list[str]:
    """Return the names, the commonest first, equally common ones by name, "not stated" last."""
    return [name for name, _ in sorted(Counter(names).items(), key=lambda one: (one[0] == NOT_STATED, -one[1], one[0]))]
