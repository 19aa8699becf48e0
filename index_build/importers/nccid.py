"""The National COVID-19 Chest Imaging Database, as downloaded or in its bucket, with or without ``training/``."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from scankin.index_build.field_values import Contradiction, ContradictionKind, FieldValue
from scankin.index_build.findings import stated_findings
from scankin.index_build.importers.base import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.nccid.course import Course, course_of
from scankin.index_build.nccid.facts import facts_of
from scankin.index_build.nccid.filters import (
    FEWEST_SLICES,
    LATERAL,
    TOO_OLD,
    Series,
    chosen,
    film_refusal,
    series_refusal,
    too_few,
)
from scankin.index_build.nccid.headers import EARLIEST_DAY, Header, header_of
from scankin.index_build.nccid.labels import covid_at, severity_at
from scankin.index_build.nccid.layout import (
    CLINICAL,
    FILMS,
    METADATA,
    SERIES,
    Item,
    base_of,
    by_spelling,
    items,
    joined,
    other_folders,
    spellings,
)
from scankin.index_build.nccid.record import Record, fields_of, record_of
from scankin.index_build.nccid.units import SiteUnits, site_units
from scankin.index_build.nccid.versions import Versions, versions_of
from scankin.index_build.readings import header_mismatch
from scankin.index_build.source_files import stamp_of, unwritable_name, writable
from scankin.retrieval.case import Clock, EventKind
from scankin.retrieval.errors import CasebookError, FailedScan, Reason
from scankin.retrieval.scan import Age, Sex, View
from scankin.retrieval.source_tree import Entry, SourceTree

COLLECTION = "nccid"
_LEVELS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
_AGE_HOLDS_DAYS = 365
"""A record's age is that at admission; films reach three years back."""

_NO_FACT = ("_date", "_result", "_status", "film_1_", "film_2_")
_EVENTS = frozenset({"age_years", "sex", "itu_admission", "intubation", "death"})
"""Fields that are no facts of the case: dates, swabs, readings of films, and what its events and scans already hold."""

Found = SourceScan | SourceCase | Refusal


def recognises(source: OpenedSource) -> bool:
    """Return whether the folder looks like this collection."""
    tree = source.tree
    data = joined(base_of(tree), CLINICAL)
    return any(
        entry.path.rpartition("/")[2].startswith(("data", "status")) and entry.path.endswith(".json")
        for name in tree.folders(data)[:20]
        for entry in tree.listing(joined(data, name)).files
    )


def read(source: OpenedSource) -> Iterator[Found]:
    """Yield every patient's case with every field of every clinical file, and every film and CT series.

    Metadata decides what becomes a scan; pixels are not opened. A patient whose pseudonym differs only in capitals is
    one patient. Films without pixels beside their metadata are refusals: they were not downloaded.
    """
    tree, settings = source.tree, source.settings.nccid
    base = base_of(tree)
    if CLINICAL not in tree.folders(base):
        raise CasebookError("This is not NCCID: it has no data/ folder with clinical files, with or without training/.")
    context = _Context(
        tree, base, settings.covid_window_days, site_units(source.beside(settings.units)), _folders(tree, base)
    )
    yield from _loose_files(tree, base)
    patients = sorted(context.patients())
    with ThreadPoolExecutor(tree.threads) as pool:
        for found in pool.map(context.read_patient, patients):
            yield from found
    for folder in other_folders(tree, base):
        yield from _unindexed(tree, joined(base, folder))


@dataclass(frozen=True)
class _Patient:
    """What is known of a patient when the images are looked at."""

    patient_id: str
    versions: Versions
    record: Record
    course: Course

    @property
    def site(self) -> str | None:
        return self.versions.current.centre or None if self.versions.current else None

    @property
    def cohort(self) -> str:
        return "positive" if self.versions.is_positive else "negative"


@dataclass(frozen=True)
class _Context:
    """What reading any patient needs."""

    tree: SourceTree
    base: str
    window: tuple[int, int]
    units: SiteUnits
    folders: Mapping[str, Mapping[str, list[str]]]

    def patients(self) -> set[str]:
        return {patient for names in self.folders.values() for patient in names}

    def read_patient(self, patient_id: str) -> list[Found]:
        """Return everything of one patient, in a fixed order."""
        found: list[Found] = []
        data = joined(self.base, CLINICAL)
        listings = {name: self.tree.listing(joined(data, name)) for name in self.folders[CLINICAL].get(patient_id, ())}
        found += [_closed(path, reason, patient_id) for listing in listings.values() for path, reason in listing.closed]
        versions = versions_of(self.tree, by_spelling(listings))
        found += [Refusal(COLLECTION, writable(p), r, m, patient_id) for p, r, m in versions.refused]
        patient = None
        if versions.usable or versions.is_positive:
            by_version = {v.path: tuple(fields_of(v, self.units)) for v in versions.usable}
            record = record_of(versions, by_version)
            patient = _Patient(
                writable(patient_id), versions, record, course_of(record, is_positive=versions.is_positive)
            )
            found.append(_case(patient, by_version, listings))
        for folder in (*FILMS, *SERIES):
            found += self._images(patient, patient_id, folder)
        return found

    def _images(self, patient: _Patient | None, patient_id: str, folder: str) -> Iterator[Found]:
        at = joined(self.base, folder)
        series: dict[str, list[tuple[Item, Series]]] = defaultdict(list)
        for item in self._items(patient_id, at):
            if isinstance(item, Entry):
                yield Refusal(COLLECTION, writable(item.path), Reason.NOT_DICOM, "It is not named .dcm.", patient_id)
            elif isinstance(item, Refusal):
                yield item
            elif patient is None:
                yield _refused(item, patient_id, Reason.NO_CASE, "Its patient has no readable clinical file.")
            else:
                made = self._item(patient, item)
                if isinstance(made, Series):
                    series[_study(item, made.header)].append((item, made))
                else:
                    yield made
        for of_study in series.values():
            best = chosen(one for _, one in of_study)
            for item, one in of_study:
                if patient is None or one is not best:
                    message = "Another series of its study, thinner or with a lung kernel, is indexed."
                    yield _refused(item, patient_id, Reason.OTHER_SERIES, message, patient)
                else:
                    yield self._scan(patient, item, one.header)

    def _items(self, patient_id: str, folder: str) -> Iterator[Item | Entry | Refusal]:
        spelt = self.folders.get(folder, {}).get(patient_id, ())
        of_metadata = self.folders.get(folder + METADATA, {}).get(patient_id, ())
        for name in sorted({*spelt, *of_metadata}):
            images = self.tree.listing(joined(folder, name))
            metadata = self.tree.listing(joined(folder + METADATA, name))
            for path, reason in (*images.closed, *metadata.closed):
                yield _closed(path, reason, patient_id)
            if not images.closed:
                yield from items(images, metadata, folder)

    def _item(self, patient: _Patient, item: Item) -> SourceScan | Refusal | Series:
        """Return a film's scan or refusal; of a CT series, a refusal, or the series for a choice among its study's."""
        if refusal := unwritable_name(COLLECTION, [entry.path for entry in item.files], patient.patient_id):
            return refusal
        try:
            header = self._header(item)
        except FailedScan as error:
            return _refused(item, patient.patient_id, error.reason, error.message, patient)
        if header is None and not item.files:
            return _refused(item, patient.patient_id, Reason.BROKEN_RECORD, "Its metadata is not DICOM JSON.", patient)
        if header is None and item.is_series and len(item.files) < FEWEST_SLICES:
            return _refused(item, patient.patient_id, *too_few(len(item.files)), patient)
        if header is None:  # the DICOM file's own header will tell when it is read
            return self._scan(patient, item, None, complete=lambda day, view: self._completed(patient, item, day, view))
        return self._judged(patient, item, header)

    def _judged(self, patient: _Patient, item: Item, header: Header) -> SourceScan | Refusal | Series:
        """Return what a header makes of its film or series."""
        listed = max(len(item.files), len(item.metadata))
        refusal = header_mismatch(_expected(item.levels), header.facts)
        if refusal is None:
            refusal = series_refusal(Series(item.name, header, listed)) if item.is_series else film_refusal(header)
        if refusal is None and not item.files:
            refusal = Reason.MISSING_FILE, "Its metadata is here, its pixels are not: they were not downloaded."
        if refusal is not None:
            return _refused(item, patient.patient_id, *refusal, patient)
        return Series(item.name, header, listed) if item.is_series else self._scan(patient, item, header)

    def _header(self, item: Item) -> Header | None:
        """Return the header of a film, or of a series' first slice, from its metadata; None where there is none."""
        return header_of(self.tree.read(item.metadata[0].path)) if item.metadata else None

    def _completed(self, patient: _Patient, item: Item, day: int | None, view: View | None) -> SourceScan | Refusal:
        """Return what becomes of an image without metadata once its own header was read."""
        if view is View.LATERAL and not item.is_series:
            return _refused(item, patient.patient_id, *LATERAL, patient)
        if day is not None and day < EARLIEST_DAY:
            return _refused(item, patient.patient_id, *TOO_OLD, patient)
        return self._scan(patient, item, None, day=day)

    def _scan(
        self,
        patient: _Patient,
        item: Item,
        header: Header | None,
        *,
        day: int | None = None,
        complete: Callable[[int | None, View | None], SourceScan | Refusal] | None = None,
    ) -> SourceScan:
        day = header.day if header else day
        record = patient.record
        severity = None if item.is_series else severity_at(record, day)
        covid = covid_at(record, day, self.window, is_positive=patient.versions.is_positive)
        expected = _expected(item.levels)
        return SourceScan(
            collection=COLLECTION,
            source_id=item.name,
            patient_id=patient.patient_id,
            files=tuple(entry.path for entry in item.files),
            sex=_sex(record) or (header.facts.sex if header else None),
            age=(header.facts.age if header else None) or _recorded_age(record, day),
            site=patient.site,
            day=day,
            findings=stated_findings((), covid=covid),
            measures={} if severity is None else {"cxr_severity": severity},
            facts=facts_of(record, day),
            expected=expected,
            cohort=patient.cohort,
            device=header.device if header else None,
            study_id=_study(item, header),
            contradictions=tuple(_contradictions(patient, header)),
            stamp=stamp_of(item.files, expected),
            complete=complete,
        )


def _folders(tree: SourceTree, base: str) -> dict[str, dict[str, list[str]]]:
    """Return the patients' folders by modality folder, and by the pseudonym as it is compared."""
    found = {CLINICAL: spellings(tree.folders(joined(base, CLINICAL)))}
    for folder in (*FILMS, *SERIES):
        for name in (folder, folder + METADATA):
            found[joined(base, name)] = spellings(tree.folders(joined(base, name)))
    return found


def _case(patient: _Patient, by_version: Mapping[str, tuple[FieldValue, ...]], listings: Iterable[str]) -> SourceCase:
    current = patient.versions.current
    fields = [
        replace(field, is_current=current is not None and path == current.path)
        for path, of_version in by_version.items()
        for field in of_version
    ]
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient.patient_id,
        other_ids=tuple(sorted(writable(name) for name in listings)),
        clock=Clock.CALENDAR,
        events=patient.course.events,
        last_seen_alive=patient.course.last_seen_alive,
        facts={"cohort": patient.cohort, **_facts(patient.record)},
        fields=tuple(fields),
        contradictions=patient.course.contradictions,
        site=patient.site,
    )


def _facts(record: Record) -> dict[str, str]:
    """Return what is known of the patient on arrival, as text: "37.5", "<0.27", "yes"."""
    return {
        field.field: f"{field.operator or ''}{field.value}"
        for field in record.fields.values()
        if field.value is not None and field.field not in _EVENTS and not any(no in field.field for no in _NO_FACT)
    }


def _contradictions(patient: _Patient, header: Header | None) -> Iterator[Contradiction]:
    if header is None:
        return
    if header.refused_dates and header.day is not None:
        yield Contradiction(
            ContradictionKind.STUDY_DATE, "One of the film's two dates is impossible: the other counts."
        )
    sex = _sex(patient.record)
    if sex is not None and header.facts.sex is not None and sex is not header.facts.sex:
        yield Contradiction(ContradictionKind.SEX_DIFFERS, "The record's sex is not the header's: the record's counts.")
    died = [e.day for e in patient.course.events if e.kind is EventKind.DEATH and e.day is not None]
    if died and header.day is not None and header.day > died[0]:
        yield Contradiction(ContradictionKind.FILM_AFTER_DEATH, "The film is dated after the death.")


def _sex(record: Record) -> Sex | None:
    return {"female": Sex.FEMALE, "male": Sex.MALE}.get(record.word("sex") or "")


def _recorded_age(record: Record, day: int | None) -> Age | None:
    """Return the recorded age for a film of that day; None where the film is a year or more from the record."""
    years = record.number("age_years", "years")
    if not years:
        return None  # 0 stands for "not stated": infants' films say so themselves
    known = [on for on in (record.day("admission_date"), record.day("positive_swab_date")) if on is not None]
    if day is not None and known and min(abs(day - on) for on in known) >= _AGE_HOLDS_DAYS:
        return None
    return Age.of(years)


def _expected(levels: tuple[str, ...]) -> dict[str, str]:
    """Return what the header must state: all of the current layout's levels, of older ones the pseudonym alone."""
    names = _LEVELS if len(levels) == len(_LEVELS) else _LEVELS[:1]
    return dict(zip(names, levels, strict=False))


def _study(item: Item, header: Header | None) -> str:
    """Return what groups the images of one study: its UID, or where no header tells, the folder."""
    if header is not None and header.facts.study_uid:
        return header.facts.study_uid
    return item.levels[1] if len(item.levels) > 1 else item.name


def _refused(item: Item, patient_id: str, reason: Reason, message: str, patient: _Patient | None = None) -> Refusal:
    return Refusal(
        COLLECTION,
        writable(item.name),
        reason,
        message,
        writable(patient_id),
        site=patient.site if patient else None,
        cohort=patient.cohort if patient else None,
    )


def _closed(path: str, reason: str, patient_id: str | None = None) -> Refusal:
    return Refusal(
        COLLECTION, writable(path), Reason.UNREADABLE_FILE, f"The folder cannot be listed: {reason}.", patient_id
    )


def _loose_files(tree: SourceTree, base: str) -> Iterator[Refusal]:
    """Yield the images that lie in no patient's folder."""
    for folder in (*FILMS, *SERIES):
        for entry in tree.listing(joined(base, folder), is_deep=False).files:
            yield Refusal(COLLECTION, writable(entry.path), Reason.NO_CASE, "It lies in no patient's folder.")


def _unindexed(tree: SourceTree, folder: str) -> Iterator[Refusal]:
    """Yield the files of a modality that is not indexed, patient by patient."""
    name = folder.rpartition("/")[2]
    message = f"It lies under {name}/, which is not indexed."
    for patient in ["", *tree.folders(folder)]:
        listing = tree.listing(joined(folder, patient), is_deep=bool(patient))
        for path, reason in listing.closed:
            yield _closed(path, reason)
        for entry in listing.files:
            patient_id = writable(patient).strip().upper() or None
            yield Refusal(COLLECTION, writable(entry.path), Reason.UNSUPPORTED_MODALITY, message, patient_id)
