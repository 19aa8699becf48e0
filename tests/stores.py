"""Small sources, casebooks and stores on disk, made through the same functions as real ones."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from builders import KEYRING, a_dataset, a_record, a_scan, a_version, dicom_bytes
from PIL import Image

from scankin.index_build.build import build
from scankin.index_build.gate.fit import fit_gates
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.models import load_encoder
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import Reason
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Age, Modality, Scan, Sex
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.thumbnails import thumbnail_png

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
            facts={"crp": 10.0 * (number + 1)},
        )
    for patient in range(PATIENTS):
        events = {0: (Event(EventKind.DEATH, True, 10),), 1: (Event(EventKind.DEATH, False),)}.get(patient % 3, ())
        yield SourceCase("test", f"{CANARY}-{patient}", clock=Clock.ADMISSION, events=events)
    yield Refusal("test", "listed-but-refused", Reason.BROKEN_RECORD, "The row is damaged.")


def a_casebook(folder: Path, source: Path, **options: object) -> IngestAccount:
    """Ingest the source into a casebook."""
    return ingest("test", reads, FolderTree(source), folder, KEYRING, workers=2, **options)  # type: ignore[arg-type]


def a_store(folder: Path, *, explanations: bool = False) -> Path:
    """A store of the source's films, encoded by ``thumbnail``; its casebook lies beside it."""
    a_casebook(folder / "casebook", a_source(folder / "source"))
    build(folder / "casebook", folder / "store", load_encoder("thumbnail"), workers=2, explanations=explanations)
    return folder / "store"


def a_blurred_picture(seed: int) -> Image.Image:
    """Smooth noise of 96 x 96 pixels."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8)).astype(np.uint8)
    return Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC)


SCANS = [a_scan(seed) for seed in range(1, 41)]
"""The films of ``a_retriever``."""


def a_film_record(number: int, scan: Scan, **changes: object) -> ScanRecord:
    """A record with the fingerprint of a film."""
    return a_record(number, **{"fingerprint": fingerprint(scan), **changes})


def a_retriever(folder: Path, changes: dict[int, dict[str, object]] | None = None, **options: Any) -> Retriever:
    """A retriever of 40 films of as many patients; ``changes`` set fields of the records by number."""
    encoder = load_encoder("thumbnail")
    records = [a_film_record(n, scan, **(changes or {}).get(n, {})) for n, scan in enumerate(SCANS)]
    vectors = np.vstack([embed(encoder, scan).vectors for scan in SCANS])
    return Retriever(a_version(folder, records, vectors, encoder.identity, **options), encoder)


def a_gated_retriever(folder: Path) -> Retriever:
    """A retriever of 50 patients' smooth noise, with the gate fitted on it."""
    encoder = load_encoder("thumbnail")
    scans = [Scan(Modality.XRAY, np.asarray(a_blurred_picture(seed))[np.newaxis]) for seed in range(50)]
    records = [a_record(n, fingerprint=fingerprint(scan)) for n, scan in enumerate(scans)]
    version = a_version(folder, records, np.vstack([embed(encoder, scan).vectors for scan in scans]), encoder.identity)
    pictures = {record.scan: thumbnail_png(scan) for record, scan in zip(records, scans, strict=True)}
    return Retriever(replace(version, gates=fit_gates(version.indexes, pictures.__getitem__)), encoder)


def a_dated_retriever(
    folder: Path, scans: list[Scan], patients: list[str], days: list[int | None], cases: list[Case] | None = None
) -> Retriever:
    """A retriever of films of named patients and days; TEST-1 and TEST-2 are the PatientIDs of p0 and p1."""
    encoder = load_encoder("thumbnail")
    records = [
        a_record(n, patient, day=day, fingerprint=fingerprint(scan), pixel_hash=scan.pixel_hash)
        for n, (scan, patient, day) in enumerate(zip(scans, patients, days, strict=True))
    ]
    vectors = np.vstack([embed(encoder, scan).vectors for scan in scans])
    version = a_version(
        folder, records, vectors, encoder.identity, cases or (), aliases={"TEST-1": ("p0",), "TEST-2": ("p1",)}
    )
    return Retriever(version, encoder)


def scans_by_kind(root: Path) -> Path:
    """Folders of what is like the index of ``a_gated_retriever``, of noise, and of what its header refuses."""
    for kind in ("like", "noise", "header"):
        (root / kind).mkdir()
    a_blurred_picture(1000).save(root / "like" / "a.png")
    a_blurred_picture(7).save(root / "like" / "indexed.png")
    noise = np.random.default_rng(0).integers(0, 255, (96, 96)).astype(np.uint8)
    Image.fromarray(noise).save(root / "noise" / "n.png")
    (root / "header" / "hand.dcm").write_bytes(dicom_bytes(a_dataset(BodyPartExamined="HAND")))
    (root / "header" / "side.dcm").write_bytes(dicom_bytes(a_dataset(noise, ViewPosition="LL")))
    (root / "header" / "torn.dcm").write_bytes(b"")
    return root
