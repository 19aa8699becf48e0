"""The National COVID-19 Chest Imaging Database, as downloaded, with or without the ``training/`` level."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.index_build.nccid.clinical import Clinical, current, number
from scankin.index_build.nccid.dates import EPOCH, day_of
from scankin.retrieval.case import Clock
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.scan import Age, Modality, Sex

COLLECTION = "nccid"
_IMAGES = {"xray": Modality.XRAY, "x-ray": Modality.XRAY, "ct": Modality.CT}
_NOT_INDEXED = ("mri", "unknown")
_LEVELS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")


def recognises(root: Path) -> bool:
    """Return whether the folder looks like this collection."""
    return any((base / "data").is_dir() for base in (root, root / "training"))


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every film and CT series as a scan or refusal, and every patient's current record as a case.

    A patient whose pseudonym differs only in capitals is one patient. The COVID-19 finding is of the film, by the
    window around a swab; the film's day comes from its metadata file.
    """
    base = root / "training" if (root / "training").is_dir() else root
    if not (base / "data").is_dir():
        raise CasebookError("This is not NCCID: it has no data/ folder with clinical files, with or without training/.")
    patients: dict[str, Clinical] = {}
    for folder in sorted(path for path in (base / "data").iterdir() if path.is_dir()):
        clinical, broken = current(folder)
        for path, reason in broken:
            yield Refusal(COLLECTION, _relative(path, root), Reason.BROKEN_RECORD, reason)
        if clinical is None:
            continue
        if folder.name.upper() in patients:
            yield Refusal(
                COLLECTION,
                _relative(folder, root),
                Reason.BROKEN_RECORD,
                "Another folder claims the same pseudonym in other capitals; the first is kept.",
            )
            continue
        patients[folder.name.upper()] = clinical
        yield _case(clinical)
    for name, modality in _IMAGES.items():
        yield from _scans(root, base / name, modality, patients)
    for name in _NOT_INDEXED:
        for path in sorted((base / name).rglob("*.dcm")):
            yield Refusal(
                COLLECTION, _relative(path, root), Reason.UNSUPPORTED_MODALITY, f"It lies under {name}/, not indexed."
            )


@dataclass(frozen=True)
class _Unit:
    """One film, or all slices of one series folder."""

    files: tuple[Path, ...]

    @property
    def first(self) -> Path:
        return self.files[0]


def _scans(
    root: Path, folder: Path, modality: Modality, patients: dict[str, Clinical]
) -> Iterator[SourceScan | Refusal]:
    for unit in _units(folder, modality):
        parts = unit.first.relative_to(folder).parts
        source_id = _relative(unit.first if modality is Modality.XRAY else unit.first.parent, root)
        clinical = patients.get(parts[0].upper())
        if clinical is None:
            yield Refusal(COLLECTION, source_id, Reason.NO_CASE, "Its patient has no readable clinical file.")
            continue
        header = _metadata(folder, unit.first)
        day = _study_day(header)
        covid = clinical.covid_at(day)
        severity = clinical.severity_at(day) if modality is Modality.XRAY else None
        record = clinical.record
        yield SourceScan(
            collection=COLLECTION,
            source_id=source_id,
            patient_id=clinical.pseudonym.upper(),
            files=tuple(_relative(path, root) for path in unit.files),
            sex={"0": Sex.FEMALE, "1": Sex.MALE, "F": Sex.FEMALE, "M": Sex.MALE}.get(
                str(record.get("Sex", "")).strip()
            ),
            age=_age(record.get("Age")),
            site=clinical.centre,
            day=day,
            findings={} if covid is None else {"COVID-19": covid},
            measures={} if severity is None else {"cxr_severity": severity},
            # Old layouts lack the study and series levels, so only what the path states is expected.
            expected=dict(zip(_LEVELS, parts[:-1], strict=False)) if len(parts) in (2, 4) else {"PatientID": parts[0]},
        )


def _units(folder: Path, modality: Modality) -> Iterator[_Unit]:
    files = sorted(folder.rglob("*.dcm")) if folder.is_dir() else []
    if modality is Modality.XRAY:
        yield from (_Unit((path,)) for path in files)
        return
    series: dict[Path, list[Path]] = {}
    for path in files:
        series.setdefault(path.parent, []).append(path)
    yield from (_Unit(tuple(paths)) for paths in series.values())


def _case(clinical: Clinical) -> SourceCase:
    return SourceCase(
        collection=COLLECTION,
        patient_id=clinical.pseudonym.upper(),
        clock=Clock.CALENDAR,
        events=tuple(clinical.events()),
        last_seen_alive=day_of(clinical.record.get("Date last known alive")),
    )


def _metadata(folder: Path, image: Path) -> dict[str, Any]:
    path = folder.with_name(f"{folder.name}-metadata") / image.relative_to(folder).with_suffix(".json")
    try:
        header = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # the DICOM header itself then tells the day, and the finding stays unknown
    return header if isinstance(header, dict) else {}


def _study_day(header: dict[str, Any]) -> int | None:
    # AcquisitionDate and StudyDate are the true dates; every other date of the header is offset (NCCID FAQ).
    for tag in ("00080022", "00080020"):
        values = (header.get(tag) or {}).get("Value") or [""]
        text = str(values[0])
        day = day_of(f"{text[:4]}-{text[4:6]}-{text[6:8]}") if len(text) == 8 else None
        if day is not None and day > _PLAUSIBLE:
            return day
    return None


_PLAUSIBLE = (EPOCH.replace(year=2010) - EPOCH).days


def _age(value: object) -> Age | None:
    years = number(value)
    return Age.of(years) if years is not None and 0 < years <= 120 else None


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
