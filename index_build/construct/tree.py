"""Writes constructed patients as a tree in NCCID's current layout, and the truth about them beside it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from scankin.index_build.construct.centres import Centres
from scankin.index_build.construct.headers import UidCounter, to_bytes, to_metadata
from scankin.index_build.construct.images import Image, ct_images, film_images
from scankin.index_build.construct.patients import FIRST_NUMBER, Patient, generator, patient_of
from scankin.index_build.construct.risks import true_risks
from scankin.index_build.construct.studies import Study
from scankin.index_build.construct.truth import (
    FieldTruth,
    Known,
    PatientTruth,
    ScanTruth,
    known_course,
    outcomes_at,
    times_at,
)
from scankin.index_build.construct.uploads import Uploads, uploads_of

_DIRT_KEY = 7
"""Dirt has chances of its own, so that films do not depend on it."""

WINDOW = (-14, 28)
MARKER_IF_DIED, MARKER_ELSE = 0.9, 0.08
"""How often a film carries its centre's marker when the shortcut is planted."""


@dataclass(frozen=True)
class PatientJob:
    """One patient to write, whole and alone: what another process needs to know.

    Attributes:
        root: The ``training`` folder.
        seed: Of the cohort.
        index: Place in the cohort, from 0: with the seed it decides everything about the patient.
        centres: Who may send the patient in.
        has_shortcut: Centres' markers go with death.
        has_pixels: False: metadata and clinical files only.
    """

    root: Path
    seed: int
    index: int
    centres: Centres
    has_shortcut: bool = False
    has_pixels: bool = True


@dataclass(frozen=True)
class WrittenPatient:
    """What was written of one patient.

    Attributes:
        index: Place in the cohort.
        counts: By kind.
        truth: As one JSON line.
    """

    index: int
    counts: Counter[str]
    truth: str


def cohort_patient(seed: int, index: int, centres: Centres) -> tuple[Patient, np.random.Generator]:
    """Return patient ``index`` of a cohort, the same however many there are, and the rest of their chance."""
    rng = generator(seed, index)
    return patient_of(rng, FIRST_NUMBER + index, centres), rng


def write_patient(job: PatientJob) -> WrittenPatient:
    """Write one patient's clinical files, films and CTs."""
    patient, rng = cohort_patient(job.seed, job.index, job.centres)
    dirt = generator(job.seed, job.index, _DIRT_KEY)
    counts = Counter(patients=1, positives=int(patient.is_positive), without_images=int(not patient.studies))
    if patient.course is not None:
        counts.update(deaths=int(patient.course.died is not None), itu=int(patient.course.itu is not None))
    uploads = uploads_of(dirt, patient, job.centres)
    for name, data in uploads.files:
        _write(job.root / "data" / name, data)
        counts["files"] += 1
    uids = UidCounter(patient, int(rng.integers(2**31)))
    known = known_course(uploads.known)
    scans: dict[str, ScanTruth] = {}
    for study in patient.studies:
        for image in _images(rng, patient, study, uids, job):
            counts["files"] += _write_image(job.root, image, has_pixels=job.has_pixels)
            truth = _scan_truth(image, patient, study, uploads, known, has_pixels=job.has_pixels)
            scans.setdefault(truth.path, truth)
        counts["series" if study.is_ct else "films"] += 1
    others = _unknown_modality(dirt, patient, job)
    return WrittenPatient(
        job.index, counts, json.dumps(_truth(patient, uploads, known, scans.values(), others).as_json())
    )


def _images(
    rng: np.random.Generator, patient: Patient, study: Study, uids: UidCounter, job: PatientJob
) -> Iterator[Image]:
    if study.is_ct:
        yield from ct_images(patient, study, uids, is_drawn=job.has_pixels)
        return
    died = patient.course is not None and patient.course.died is not None
    is_marked = job.has_shortcut and rng.random() < (MARKER_IF_DIED if died else MARKER_ELSE)
    number = job.centres.centres.index(patient.centre) + 1
    yield from film_images(rng, patient, study, uids, marker=number if is_marked else None, is_drawn=job.has_pixels)


def _scan_truth(
    image: Image, patient: Patient, study: Study, uploads: Uploads, known: Known, *, has_pixels: bool
) -> ScanTruth:
    path = f"training/{image.folder}/{image.path.parent if image.is_series else f'{image.path}.dcm'}"
    becomes = image.becomes
    if becomes in ("scan", "other_series", "uneven_spacing") and not has_pixels:
        becomes = "missing_file" if image.has_metadata else "absent"
    if becomes != "scan":
        return ScanTruth(path, becomes, severity=study.severity, has_marker=image.has_marker)
    held = {one.field: one for one in uploads.known}
    day = study.day
    died = known.days["death"]
    wrong = list(image.contradictions)
    stated = _word(held.get("sex"))
    if stated is None and "sex_differs" in wrong:
        wrong.remove("sex_differs")  # nothing to differ from
    header_sex = {"F": "female", "M": "male"}.get(str(image.dataset.PatientSex))
    if died is not None and died < day:
        wrong.append("film_after_death")
    return ScanTruth(
        path=path,
        becomes="scan",
        day=day.isoformat(),
        covid=_covid(held, uploads, patient, day),
        cxr_severity=None if image.is_series else _reading(held, day),
        age_years=float(patient.age(day)),
        sex=stated or header_sex,
        outcomes=outcomes_at(known, day) if patient.is_positive else outcomes_at(known_course(()), day),
        risks=true_risks(patient.course, patient.age(patient.swab), day) if patient.course else {},
        times=times_at(known, day) if patient.is_positive else {},
        contradictions=tuple(sorted(wrong)),
        severity=study.severity,
        has_marker=image.has_marker,
    )


def _truth(
    patient: Patient, uploads: Uploads, known: Known, scans: Iterable[ScanTruth], others: dict[str, str]
) -> PatientTruth:
    course = patient.course
    return PatientTruth(
        pseudonym=patient.pseudonym.upper(),
        centre=uploads.centre,
        cohort="positive" if patient.is_positive else "negative",
        files=uploads.truths,
        scans=tuple(scan for scan in scans if scan.becomes != "absent"),
        other_files=others,
        contradictions=known.contradictions,
        severity=patient.illness.severity,
        itu=_iso(course.itu) if course else None,
        intubated=_iso(course.intubated) if course else None,
        died=_iso(course.died) if course else None,
    )


def _covid(held: Mapping[str, FieldTruth], uploads: Uploads, patient: Patient, day: date) -> bool | None:
    """Return the label of a film by the window around every swab that can be known, both ends excluded."""
    pairs = [
        ("positive", _day(held.get("positive_swab_date"))),
        (_word(held.get("swab_result")), _day(held.get("swab_date"))),
        (_word(held.get("pcr_1_result")), _day(held.get("pcr_1_result_date"))),
        (_word(held.get("pcr_2_result")), _day(held.get("pcr_2_result_date"))),
        *uploads.further_swabs,
    ]
    near = {result for result, on in pairs if result and on and WINDOW[0] < (day - on).days < WINDOW[1]}
    if "positive" in near:
        return True
    if day < date(2019, 11, 1):
        return False
    return False if "negative" in near and not patient.is_positive else None


def _day(one: FieldTruth | None) -> date | None:
    text = _word(one)
    return None if text is None else date.fromisoformat(text)


def _reading(held: dict[str, FieldTruth], day: date) -> float | None:
    for nth in (1, 2):
        grade = _word(held.get(f"film_{nth}_severity"))
        if _word(held.get(f"film_{nth}_date")) == day.isoformat() and grade is not None:
            return {"mild": 1.0, "moderate": 2.0, "severe": 3.0}[grade]
    return None


def _word(one: FieldTruth | None) -> str | None:
    return None if one is None else one.true_value or one.value


def _unknown_modality(rng: np.random.Generator, patient: Patient, job: PatientJob) -> dict[str, str]:
    """Leave a file of another modality under ``unknown``, as the warehouse does, for one patient in a hundred."""
    if rng.random() > 0.01:
        return {}
    name = f"{patient.pseudonym}/1.2.826.0.1.3680043.9.3218.1.1.{patient.number}.9.0/1.0/1.1.dcm"
    _write(job.root / "unknown" / name, b"\x00" * 128 + b"DICM")
    return {f"training/unknown/{name}": "unsupported_modality"}


def _write_image(root: Path, image: Image, *, has_pixels: bool) -> int:
    count = 0
    if image.has_pixels and has_pixels:
        _write(root / image.folder / f"{image.path}.dcm", to_bytes(image.dataset))
        count += 1
    if image.has_metadata:
        header = json.dumps(to_metadata(image.dataset)).encode()
        _write(root / f"{image.folder}-metadata" / f"{image.path}.json", header)
        count += 1
    return count


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
