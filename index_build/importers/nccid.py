"""The National COVID-19 Chest Imaging Database, as downloaded, with or without the ``training/`` level."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from scankin.index_build.findings import stated_findings
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.index_build.nccid.clinical import Clinical, current
from scankin.index_build.nccid.dates import day_of
from scankin.index_build.nccid.layout import (
    CLINICAL,
    FILMS,
    SERIES,
    Unit,
    base_of,
    other_folders,
    study_day,
    walk,
)
from scankin.index_build.source_files import relative_name, unwritable_name, writable
from scankin.retrieval.case import Clock
from scankin.retrieval.errors import CasebookError, Reason

COLLECTION = "nccid"
_LEVELS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")

Patients = Mapping[str, Clinical]
"""Current records by pseudonym in capitals: spellings that differ in capitals only are one patient."""


def recognises(root: Path) -> bool:
    """Return whether the folder looks like this collection."""
    data = base_of(root) / CLINICAL
    return any(next(data.glob(f"*/{kind}_*.json"), None) is not None for kind in ("data", "status"))


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every patient's current record as a case, then every film and CT series as a scan or refusal.

    A patient whose pseudonym differs only in capitals is one patient. The COVID-19 finding is of the film, by the
    window around a swab; the film's day comes from its metadata file.
    """
    base = base_of(root)
    if not (base / CLINICAL).is_dir():
        raise CasebookError("This is not NCCID: it has no data/ folder with clinical files, with or without training/.")
    folders: dict[str, list[Path]] = defaultdict(list)
    for folder in sorted(path for path in (base / CLINICAL).iterdir() if path.is_dir()):
        folders[_patient_id(folder.name)].append(folder)
    patients: dict[str, Clinical] = {}
    for patient_id, of_patient in folders.items():
        clinical, broken = current(*of_patient)
        for path, reason in broken:
            yield Refusal(COLLECTION, _name(path, root), Reason.BROKEN_RECORD, reason)
        if clinical is not None:
            patients[patient_id] = clinical
            yield _case(patient_id, clinical)
    for name in (*FILMS, *SERIES):
        for found in walk(base / name, is_series=name in SERIES):
            yield _item(found, root, patients) if isinstance(found, Unit) else _stray(found, root)
    for folder in other_folders(base):
        for found in walk(folder, is_series=False):
            path = found.path if isinstance(found, Unit) else found
            message = f"It lies under {folder.name}/, which is not indexed."
            yield Refusal(COLLECTION, _name(path, root), Reason.UNSUPPORTED_MODALITY, message)


def _stray(path: Path, root: Path) -> Refusal:
    return Refusal(COLLECTION, _name(path, root), Reason.NOT_DICOM, "It is not named .dcm.")


def _item(unit: Unit, root: Path, patients: Patients) -> SourceScan | Refusal:
    source_id = _name(unit.path, root)
    patient_id = _patient_id(unit.levels[0]) if unit.levels else ""
    clinical = patients.get(patient_id)
    if clinical is None:
        return Refusal(COLLECTION, source_id, Reason.NO_CASE, "Its patient has no readable clinical file.")
    files = tuple(relative_name(path, root) for path in unit.files)
    if refusal := unwritable_name(COLLECTION, files):
        return refusal
    day = study_day(unit.header())
    severity = None if unit.is_series else clinical.severity_at(day)
    return SourceScan(
        collection=COLLECTION,
        source_id=source_id,
        patient_id=patient_id,
        files=files,
        sex=clinical.sex,
        age=clinical.age_at(day),
        site=clinical.centre,
        day=day,
        findings=stated_findings((), covid=clinical.covid_at(day)),
        measures={} if severity is None else {"cxr_severity": severity},
        expected=_expected(unit.levels),
    )


def _expected(levels: tuple[str, ...]) -> dict[str, str]:
    """Return what the header must state: all of the current layout's levels, of older ones the pseudonym alone."""
    names = _LEVELS if len(levels) == len(_LEVELS) else _LEVELS[:1]
    return dict(zip(names, levels, strict=False))


def _case(patient_id: str, clinical: Clinical) -> SourceCase:
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient_id,
        clock=Clock.CALENDAR,
        events=tuple(clinical.events()),
        last_seen_alive=day_of(clinical.record.get("Date last known alive")) if clinical.is_positive else None,
    )


def _patient_id(folder: str) -> str:
    return writable(folder).strip().upper()


def _name(path: Path, root: Path) -> str:
    return writable(relative_name(path, root))
