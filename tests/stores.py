"""Small sources, casebooks and stores on disk, made through the same functions as real ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from builders import KEYRING, a_dataset, dicom_bytes

from scankin.index_build.build import build
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.models import load_encoder
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Age, Sex
from scankin.retrieval.source_tree import FolderTree

PATIENTS, FILMS_EACH = 12, 2
CANARY = "CANARY7319"


def a_film(number: int) -> bytes:
    """A DICOM film of smooth noise, of patient number // 2."""
    coarse = np.random.default_rng(number).integers(0, 4095, (8, 8))
    pixels = np.kron(coarse, np.ones((12, 12)))
    return dicom_bytes(
        a_dataset(
            pixels,
            bits_stored=12,
            PatientID=f"{CANARY}-{number // FILMS_EACH}",
            PatientName=f"{CANARY}^NAME",
            SeriesDescription="Chest PA",
        )
    )


def a_source(folder: Path) -> Path:
    """A folder of films of 12 patients, two each, and one file that is no film."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PATIENTS * FILMS_EACH):
        (folder / f"{number:03d}.dcm").write_bytes(a_film(number))
    (folder / "broken.dcm").write_bytes(b"not DICOM")
    return folder


def reads(opened: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """An importer of ``a_source``: every third patient died, the next third lived, of the others it is not known."""
    for path in sorted(opened.folder.glob("*.dcm")):
        number = -1 if path.stem == "broken" else int(path.stem)
        yield SourceScan(
            collection="test",
            source_id=path.name,
            patient_id=f"{CANARY}-{number // FILMS_EACH}",
            files=(path.name,),
            sex=Sex.FEMALE if number % 4 < 2 else Sex.MALE,
            age=Age.of(40 + number),
            site="north" if number < PATIENTS else "south",
            findings={"COVID-19": number % 2 == 0},
            measures={"brixia": float(number % 19)},
        )
    for patient in range(PATIENTS):
        events = {0: (Event(EventKind.DEATH, True, 10),), 1: (Event(EventKind.DEATH, False),)}.get(patient % 3, ())
        yield SourceCase("test", f"{CANARY}-{patient}", clock=Clock.ADMISSION, events=events)
    yield Refusal("test", "listed-but-refused", Reason.BROKEN_RECORD, "The row is damaged.")


def a_casebook(folder: Path, source: Path, **options: object) -> IngestAccount:
    """Ingest the source into a casebook."""
    return ingest("test", reads, FolderTree(source), folder, KEYRING, workers=2, **options)  # type: ignore[arg-type]


def a_store(folder: Path) -> Path:
    """A store of the source's films, encoded by ``thumbnail``; its casebook lies beside it."""
    a_casebook(folder / "casebook", a_source(folder / "source"))
    build(folder / "casebook", folder / "store", load_encoder("thumbnail"), workers=2)
    return folder / "store"
