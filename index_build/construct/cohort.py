"""Makes a whole cohort, or one patient who is in none. NO PATIENT AND NO FILM IS REAL."""

import csv
import itertools
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scankin.index_build.construct.centres import Centres, centres_of
from scankin.index_build.construct.clinical import severity_class
from scankin.index_build.construct.course import Course
from scankin.index_build.construct.headers import UidCounter, to_bytes
from scankin.index_build.construct.images import film_image
from scankin.index_build.construct.patients import FIRST_NUMBER, HELD_OUT_NUMBER, Patient, generator, patient_of
from scankin.index_build.construct.tree import PatientJob, WrittenPatient, write_patient
from scankin.retrieval.errors import CasebookError

Progress = Callable[[int, int], None]
"""Told how many patients are done, of how many."""

TRUTH, UNITS, SETTINGS = "truth.jsonl", "units.csv", "settings.toml"

ALONE_BELOW = 24
"""So few patients are done before other processes would have started."""

_HELD_OUT_KEY = 2**31
"""Beyond every index of a cohort, so a held-out patient is nobody in it, whatever the seed."""


@dataclass(frozen=True)
class ConstructAccount:
    """What was written.

    Attributes:
        patients: All of them.
        positives: Of the positive cohort.
        without_images: Have clinical files only.
        films: X-ray films.
        series: Axial CT series; each study has a localizer besides.
        deaths: Of the positive.
        itu: Positive patients who reach intensive care.
        files: Written, of all kinds.
    """

    patients: int
    positives: int
    without_images: int
    films: int
    series: int
    deaths: int
    itu: int
    files: int


@dataclass(frozen=True)
class HeldOut:
    """One film of an invented patient who is in no cohort.

    Attributes:
        path: The DICOM file.
        severity: The latent severity on the day of the film, 0 to 1: the truth it was drawn with.
        severity_class: The same in a word: "mild", "moderate" or "severe".
        died: Whether this invented patient dies.
    """

    path: Path
    severity: float
    severity_class: str
    died: bool


def construct(
    out: Path,
    *,
    patients: int,
    seed: int,
    centres: int = 25,
    truth: Path | None = None,
    has_shortcut: bool = False,
    pixels_for: int | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> ConstructAccount:
    """Write a constructed cohort under ``out/training`` in NCCID's layout and return what was written.

    What is true of it is written to another folder: ``truth.jsonl``, one patient a line in the order of the cohort,
    and ``settings.toml`` with ``units.csv``, by which an importer knows the centres' laboratory units.

    The same arguments give the same bytes, whatever the number of workers, and patient i is the same in a cohort of any
    size. The tree is made beside ``out`` and renamed into place: an interrupted run leaves ``out`` as it was.

    Args:
        out: Folder to make; it may exist if it is empty.
        patients: How many, at least 1.
        seed: Any integer from 0.
        centres: Submitting centres, at least 1; their number changes who is sent in by whom.
        truth: Folder to make for the truth; None: beside ``out``, its name with "-truth" at the end.
        has_shortcut: Films of those who die mostly carry a marker of their centre, other films seldom.
        pixels_for: Only the first so many patients have pixels, the others metadata; None: all.
        progress: Called after each patient.
        workers: Processes; None: one per core, or none besides this one for a small cohort. With more than one, a
            script must guard its entry (``if __name__ == "__main__"``), since the others import it.

    Raises:
        CasebookError: ``out`` or ``truth`` is not an empty folder, or a number is out of range.
    """
    if not 1 <= patients <= HELD_OUT_NUMBER - FIRST_NUMBER or centres < 1 or seed < 0:
        raise CasebookError("A cohort needs 1 to 800,000 patients, at least one centre and a seed of at least 0.")
    truth = truth or out.with_name(f"{out.name}-truth")
    for folder in (out, truth):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CasebookError(f"{folder.name} is not an empty folder. Name a new one, or empty it first.")
        folder.parent.mkdir(parents=True, exist_ok=True)
    if workers is None:
        workers = 1 if patients < ALONE_BELOW else os.cpu_count() or 1
    unfinished, unfinished_truth = (
        folder.with_name(f".{folder.name}.unfinished-{os.getpid()}") for folder in (out, truth)
    )
    made = centres_of(seed, centres)
    with_pixels = patients if pixels_for is None else pixels_for
    jobs = (
        PatientJob(unfinished / "training", seed, index, made, has_shortcut, has_pixels=index < with_pixels)
        for index in range(patients)
    )
    total: Counter[str] = Counter()
    try:
        _write_settings(unfinished_truth, made)
        with (unfinished_truth / TRUTH).open("w", encoding="utf-8") as lines:
            for written in _each(jobs, workers):
                total += written.counts
                lines.write(written.truth + "\n")
                if progress is not None:
                    progress(total["patients"], patients)
        unfinished_truth.rename(truth)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(unfinished_truth, ignore_errors=True)
    return ConstructAccount(
        patients=total["patients"],
        positives=total["positives"],
        without_images=total["without_images"],
        films=total["films"],
        series=total["series"],
        deaths=total["deaths"],
        itu=total["itu"],
        files=total["files"],
    )


def held_out_patient(out: Path, *, seed: int) -> HeldOut:
    """Write one film of a new positive patient to ``out/new-patient.dcm`` and return where, and the truth about it.

    The patient is in no cohort of any seed. The film is the patient's worst.

    Raises:
        CasebookError: The file is there already.
    """
    path = out / "new-patient.dcm"
    if path.exists():
        raise CasebookError(f"There is a {path.name} already. Name another folder, or remove it first.")
    made = centres_of(seed, 1)
    rng, patient, course = _imaged(seed, made)
    films = [study for study in patient.studies if not study.is_ct]
    study = max(films, key=lambda film: film.severity)
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(film_image(rng, patient, study, UidCounter(patient, int(rng.integers(2**31))))))
    return HeldOut(path, study.severity, severity_class(study.severity), course.died is not None)


def _imaged(seed: int, centres: Centres) -> tuple[np.random.Generator, Patient, Course]:
    """Return the first held-out patient of this seed who has a film."""
    attempt = 0
    while True:
        rng = generator(seed, _HELD_OUT_KEY, attempt)
        patient = patient_of(rng, HELD_OUT_NUMBER + attempt, centres, is_positive=True)
        if patient.course is not None and any(not study.is_ct for study in patient.studies):
            return rng, patient, patient.course
        attempt += 1


def _write_settings(folder: Path, centres: Centres) -> None:
    """Write the centres' units as NCCID's own table has them, and settings that name it."""
    folder.mkdir(parents=True)
    quantities = sorted({quantity for centre in centres.centres for quantity in centre.units})
    rows = [["Trust", *(centre.name for centre in centres.centres)]]
    rows += [[quantity, *(centre.units[quantity] for centre in centres.centres)] for quantity in quantities]
    with (folder / UNITS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (folder / SETTINGS).write_text(f'[nccid]\nunits = "{UNITS}"\n', encoding="utf-8")


def _each(jobs: Iterator[PatientJob], workers: int) -> Iterator[WrittenPatient]:
    """Write each patient, in other processes when there are to be several, and yield what was written, in order."""
    if workers == 1:
        yield from map(write_patient, jobs)
        return
    # spawned, not forked: a fork of a process with threads may hang
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        while batch := list(itertools.islice(jobs, 8 * workers)):
            yield from pool.map(write_patient, batch)
