"""Constructs DICOM files, scans, records and index versions in code."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.config import disable_value_validation
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, groups_of
from scankin.index_build.evaluate.sample import Sample
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.encoder import Embeddings, EncoderIdentity
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.keys import Keyring
from scankin.retrieval.locations import Locations, Places, write_locations
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Age, Modality, Scan, Sex, View
from scankin.retrieval.thumbnails import Thumbnails, write_thumbnails
from scankin.retrieval.version import IndexVersion

KEYRING = Keyring(bytes(range(32)))


def a_gradient(rows: int = 32, columns: int = 40, top: int = 255) -> np.ndarray:
    """A picture whose every row rises from 0 to ``top``."""
    return np.tile(np.linspace(0, top, columns).round(), (rows, 1))


def a_dataset(pixels: np.ndarray | None = None, *, bits_stored: int = 8, **changes: Any) -> FileDataset:
    """A chest film (CR); ``changes`` set elements by keyword, None removes one."""
    pixels = a_gradient() if pixels is None else pixels
    is_signed = changes.get("PixelRepresentation", 0) == 1
    dtype = np.dtype(np.uint8 if bits_stored <= 8 else np.int16 if is_signed else np.uint16)
    instance = generate_uid()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\x00" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, instance
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality = "CR"
    dataset.PatientID = "TEST-1"
    dataset.StudyDate = "20200402"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * dtype.itemsize
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits_stored, bits_stored - 1, 0
    dataset.PixelData = pixels.astype(dtype).tobytes()
    with disable_value_validation():  # real headers hold values that the standard forbids
        for keyword, value in changes.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
    return dataset


def a_slice(series: str, z_mm: float, value: int, **changes: Any) -> FileDataset:
    """One axial CT slice of 16 x 16 pixels, all of one value in HU."""
    dataset = a_dataset(np.full((16, 16), value + 1024), bits_stored=12, RescaleIntercept="-1024", RescaleSlope="1")
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.Modality, dataset.SeriesInstanceUID = "CT", series
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.ImagePositionPatient = ["0", "0", str(z_mm)]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    for keyword, value_ in changes.items():
        setattr(dataset, keyword, value_)
    return dataset


def dicom_bytes(dataset: FileDataset) -> bytes:
    """The data set as a DICOM file."""
    sink = io.BytesIO()
    with disable_value_validation():
        pydicom.dcmwrite(sink, dataset, enforce_file_format=True)
    return sink.getvalue()


def a_scan(seed: int = 0, **changes: Any) -> Scan:
    """A film of smooth noise; the same seed gives the same film."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8)).astype(np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC))
    return Scan(**{"modality": Modality.XRAY, "pixels": pixels[np.newaxis], **changes})


def a_record(number: int, patient: str | None = None, **changes: Any) -> ScanRecord:
    """A record with key ``s`` and the number in hex, of its own patient unless named."""
    fingerprint = np.random.default_rng(10_000 + number).bytes(32)
    return ScanRecord(
        **{
            "scan": f"s{number:015x}",
            "patient": patient or f"p{number:015x}",
            "collection": "test",
            "modality": Modality.XRAY,
            "pixel_hash": f"{number:064x}",
            "fingerprint": fingerprint,
            **changes,
        }
    )


def an_identity(dim: int = 4, **changes: Any) -> EncoderIdentity:
    """The identity of a made-up encoder."""
    return EncoderIdentity(
        **{"name": "made-up", "weights": "none", "preprocessing": "p1", "engine": "e1", "dim": dim, **changes}
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at unit length, float32."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def a_version(
    folder: Path,
    records: Sequence[ScanRecord],
    vectors: np.ndarray,
    identity: EncoderIdentity,
    cases: Sequence[Case] = (),
    aliases: dict[str, tuple[str, ...]] | None = None,
    places: dict[str, Places] | None = None,
) -> IndexVersion:
    """An index version of X-ray records, without a store; patients without a case get an empty one."""
    stated = {case.patient: case for case in cases}
    write_thumbnails(folder / "thumbnails.arrow", [(record.scan, b"png") for record in records])
    write_locations(folder / "locations.arrow", ((key, held.to_bytes()) for key, held in (places or {}).items()))
    return IndexVersion(
        name="0001-test",
        manifest_hash="0" * 64,
        encoder=identity,
        indexes={Modality.XRAY: ScanIndex.of(records, Embeddings(vectors, identity))},
        cases={record.patient: stated.get(record.patient, Case(record.patient, "test")) for record in records},
        aliases={KEYRING.alias(name): patients for name, patients in (aliases or {}).items()},
        keyring=KEYRING,
        thumbnails=Thumbnails(folder / "thumbnails.arrow"),
        created="2026-01-01T00:00:00+00:00",
        locations=None if places is None else Locations(folder / "locations.arrow"),
    )


def a_sample(vectors: np.ndarray, findings: list[dict[str, bool]], sources: list[int], people: list[int]) -> Sample:
    """A sample of adults whose vectors and labels are written out."""
    return Sample(
        records=tuple(a_record(n, f"p{people[n]}", findings=one) for n, one in enumerate(findings)),
        vectors=unit(vectors),
        pixels=unit(vectors),
        people=np.array(people),
        sources=np.array(sources),
        source_names=tuple(f"source {n}" for n in range(max(sources) + 1)),
        covid=np.array([{True: 1, False: 0, None: -1}[one.get("COVID-19")] for one in findings]),
        is_child=np.zeros(len(findings), bool),
        joined=(),
    )


def sources_and_truth(seed: int, *, by: str) -> Sample:
    """200 films of four sources, two mostly ill, two mostly well; vectors tell the source, or the illness."""
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, 4, 200)
    ill = rng.random(200) < np.where(sources < 2, 0.85, 0.15)
    codes = sources if by == "source" else ill.astype(int)
    vectors = np.eye(4)[codes] + rng.normal(0, 0.15, (200, 4))
    return a_sample(vectors, [{"COVID-19": bool(one)} for one in ill], sources.tolist(), list(range(200)))


def an_outcome_cohort(seed: int, *, patients: int = 240, tells: str = "severity") -> OutcomeCohort:
    """Adults of two sites who die by a severity; vectors tell it, the site, or nothing. Nothing else is known of them.

    Everybody is followed for 60 days. Site, age and sex go with nothing. The true chance of dying is
    ``true_death_chances(seed, patients)``.
    """
    rng = np.random.default_rng(seed)
    severity = rng.normal(size=patients)
    site = rng.integers(0, 2, patients)
    died = rng.random(patients) < 1 / (1 + np.exp(1 - 2 * severity))
    days, ages = rng.integers(1, 25, patients), rng.integers(40, 90, patients)
    seen = {"severity": severity, "site": 2.0 * site - 1, "nothing": rng.normal(size=patients)}[tells]
    vectors = unit(np.column_stack([seen, rng.normal(0, 0.2, (patients, 4)), np.full(patients, 1.5)]))
    records, cases = [], {}
    for number in range(patients):
        record = a_record(
            number,
            day=0,
            site=("north", "south")[site[number]],
            age=Age.of(int(ages[number])),
            sex=Sex.FEMALE if number % 3 else Sex.MALE,
            view=View.AP if number % 2 else View.PA,
        )
        end = int(days[number])
        events = (
            Event(EventKind.ADMISSION, True, 0),
            Event(EventKind.DEATH, bool(died[number]), end if died[number] else None),
        )
        records.append(record)
        cases[record.patient] = Case(record.patient, "test", Clock.ADMISSION, events, None if died[number] else 60)
    return OutcomeCohort(
        records=tuple(records),
        vectors=vectors,
        people=np.arange(patients),
        cases=cases,
        may_ask=np.ones(patients, bool),
        encoder=an_identity(vectors.shape[1]),
        groups=groups_of(tuple(records), cases, [None] * patients),
        source_ids=tuple(f"film-{number}" for number in range(patients)),
    )


def true_death_chances(seed: int, patients: int = 240) -> np.ndarray:
    """The chance with which each patient of ``an_outcome_cohort`` was drawn to die."""
    severity = np.random.default_rng(seed).normal(size=patients)
    return np.asarray(1 / (1 + np.exp(1 - 2 * severity)))
