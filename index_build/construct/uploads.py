"""The clinical files of one patient as they lie in the tree, with their mishaps, and what is true of each."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from scankin.index_build.construct.centres import Centres
from scankin.index_build.construct.clinical import ClinicalFile, clinical_files
from scankin.index_build.construct.patients import Patient
from scankin.index_build.construct.soiled import SoiledFile, soiled
from scankin.index_build.construct.truth import FieldTruth, FileTruth

_OUTCOMES = ("ITU admission", "Date of ITU admission", "Intubation", "Date of intubation")
_OUTCOME_FIELDS = frozenset({"itu_admission", "itu_date", "intubation", "intubation_date"})
_ALL_OUTCOME_FIELDS = _OUTCOME_FIELDS | {"last_known_alive_date", "death", "death_date"}


@dataclass(frozen=True)
class Uploads:
    """Everything uploaded for one patient.

    Attributes:
        files: Path below ``data/`` and content.
        truths: Of each, its path relative to the cohort's folder.
        known: Fields that count: those of the current file, and outcomes that only another centre stated.
        centre: Who sent in the current file.
        further_swabs: Result and day of every swab that a status file lists.
    """

    files: tuple[tuple[str, bytes], ...]
    truths: tuple[FileTruth, ...]
    known: tuple[FieldTruth, ...]
    centre: str
    further_swabs: tuple[tuple[str, date], ...]


def uploads_of(rng: np.random.Generator, patient: Patient, centres: Centres) -> Uploads:
    """Return the clinical files of a patient; ``rng`` decides blanks, dirt and mishaps alike."""
    clean = clinical_files(rng, patient)
    if patient.course is not None:
        clean = (*clean[:-1], _contradicted(rng, clean[-1]))
        clean = _second_hospital(rng, clean, centres)
    by_name = {centre.name: centre for centre in centres.centres}
    made = [soiled(rng, file, by_name[file.record["SubmittingCentre"]]) for file in clean]
    made = [_without_current_outcomes(file) if _is_sent_on(clean, file) else file for file in made]
    current = made[-1]
    files = [(f"{patient.pseudonym}/{file.name}", _bytes(file.record)) for file in made]
    truths = [
        FileTruth(_path(patient.pseudonym, file.name), "current" if file is current else "version", file.truth)
        for file in made
    ]
    for folder, name, data, reason in _mishaps(rng, patient, current):
        files.append((f"{folder}/{name}", data))
        truths.append(FileTruth(_path(folder, name), reason))
    swabs = tuple(
        ("positive" if one["SwabStatus"] == "1" else "negative", _british(one["SwabDate"]))
        for one in current.record.get("SwabDates", ())
    )
    centre = str(current.record["SubmittingCentre"])
    return Uploads(tuple(files), tuple(truths), _known(made, clean), centre, swabs)


def _contradicted(rng: np.random.Generator, file: ClinicalFile) -> ClinicalFile:
    """Let one record in thirty contradict itself."""
    record: dict[str, Any] = dict(file.record)
    way = rng.random()
    if way < 0.012 and record["Date of death"]:
        record["Death"] = "0"
    elif way < 0.024 and record["Date of ITU admission"]:
        day = _american(record["Date of admission"]) - timedelta(days=20)
        record["Date of ITU admission"] = f"{day:%m/%d/%Y}"
    elif way < 0.036 and record["Date of death"]:
        day = _american(record["Date of death"]) + timedelta(days=2)
        record["Date last known alive"] = f"{day:%m/%d/%Y}"
    return replace(file, record=record)


def _second_hospital(
    rng: np.random.Generator, files: tuple[ClinicalFile, ...], centres: Centres
) -> tuple[ClinicalFile, ...]:
    """Let one patient in thirty be sent in by two hospitals: only the first one knows of intensive care."""
    last = files[-1]
    others = [centre.name for centre in centres.centres if centre.name != last.record["SubmittingCentre"]]
    if len(files) > 1 or not others or rng.random() > 0.03:
        return files
    uploaded = date.fromisoformat(last.name[5:15]) - timedelta(days=1)
    stated = [_american(value) for name, value in last.record.items() if name.startswith("Date") and value]
    if any(day > uploaded for day in stated):
        return files
    first = ClinicalFile(
        f"data_{uploaded.isoformat()}.json",
        {**last.record, "SubmittingCentre": others[int(rng.integers(len(others)))]},
    )
    return first, last


def _is_sent_on(clean: tuple[ClinicalFile, ...], file: SoiledFile) -> bool:
    is_two = len(clean) == 2 and clean[0].record["SubmittingCentre"] != clean[1].record["SubmittingCentre"]
    return is_two and file.name == clean[1].name


def _without_current_outcomes(file: SoiledFile) -> SoiledFile:
    record = {name: value for name, value in file.record.items() if name not in _OUTCOMES}
    return replace(file, record=record, truth=tuple(one for one in file.truth if one.field not in _OUTCOME_FIELDS))


def _known(made: list[SoiledFile], clean: tuple[ClinicalFile, ...]) -> tuple[FieldTruth, ...]:
    known = {one.field: one for one in made[-1].truth}
    if len(made) == 2 and _is_sent_on(clean, made[1]):
        for one in made[0].truth:
            held = known.get(one.field)
            if one.field in _ALL_OUTCOME_FIELDS and one.value is not None and (held is None or held.value is None):
                known[one.field] = one
    return tuple(known.values())


def _mishaps(rng: np.random.Generator, patient: Patient, current: SoiledFile) -> list[tuple[str, str, bytes, str]]:
    """Return further files that cannot be used: folder, name, content, and the reason of the refusal."""
    way = rng.random()
    name = "data_2020-01-02.json" if current.name.startswith("data") else "status_2020-01-02.json"
    if way < 0.004:
        return [(patient.pseudonym, name, b"[1, 2, 3]", "broken_record")]
    if way < 0.008:
        return [(patient.pseudonym, name, b'{"Pseudonym": "Covid', "broken_record")]
    if way < 0.012:
        record = {**current.record, "Pseudonym": f"{patient.pseudonym}7"}
        return [(patient.pseudonym, name, _bytes(record), "broken_record")]
    if way < 0.016:
        other = patient.pseudonym.upper()
        return [(other, current.name, _bytes({**current.record, "Pseudonym": other}), "claimed_twice")]
    return []


def _path(folder: str, name: str) -> str:
    return f"training/data/{folder}/{name}"


def _bytes(record: Any) -> bytes:
    return json.dumps(record, indent=1).encode()


def _british(text: str) -> date:
    day, month, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def _american(text: str) -> date:
    month, day, year = (int(part) for part in text.split("/"))
    return date(year, month, day)
