"""What is evaluated: the films of a casebook with their vectors, and who may answer whom."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.index_build.casebook import Casebook
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.fingerprint import DUPLICATE_BITS, bits_apart
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, View

COVID = "COVID-19"
PIXEL_SIDE = 16
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sample:
    """The X-ray films of a casebook, row by row.

    Attributes:
        records: One a film; laterals left out.
        vectors: ``[n, dim]`` unit vectors of the encoder.
        pixels: ``[n, 256]`` unit vectors of the thumbnails: the floor that an encoder must beat.
        people: ``[n]`` number of the patient, after near-duplicate films joined their patients.
        sources: ``[n]`` number of the collection, or of the site where there is one collection.
        source_names: By number.
        covid: ``[n]`` 1 shows COVID-19, 0 does not, -1 not stated.
        is_child: ``[n]``.
        joined: Pairs of patients (keys) that were joined because they have the same picture.
    """

    records: tuple[ScanRecord, ...]
    vectors: Vectors = field(repr=False)
    pixels: Vectors = field(repr=False)
    people: NDArray[np.int64]
    sources: NDArray[np.int64]
    source_names: tuple[str, ...]
    covid: NDArray[np.int64]
    is_child: NDArray[np.bool_]
    joined: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def findings(self) -> list[frozenset[str]]:
        """What each film shows."""
        return [frozenset(name for name, shown in r.findings.items() if shown) for r in self.records]

    def with_vectors(self, vectors: Vectors) -> "Sample":
        """Return the same films with other vectors, made to unit length."""
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return replace(self, vectors=unit.astype(np.float32))


def load_sample(folder: Path, encoder: EncoderIdentity) -> Sample:
    """Return the films of a casebook whose vectors are cached.

    Raises:
        CasebookError: No film has a vector of this encoder.
    """
    book = Casebook.load(folder)
    records = [ScanRecord.from_row(row) for row in book.tables["scans"].to_pylist()]
    films = [r for r in records if r.modality is Modality.XRAY and r.view is not View.LATERAL]
    with VectorCache(folder) as cache:
        held = cache.vectors(encoder, [record.pixel_hash for record in films])
        films = [record for record in films if record.pixel_hash in held]
        pictures = [png for _, png in cache.thumbnails((record.scan, record.pixel_hash) for record in films)]
    if not films:
        raise CasebookError(f"{folder.name}: no film has a vector of {encoder.name}. Build an index with it first.")
    people, joined = joined_people(films)
    collections = sorted({record.collection for record in films})
    by_site = len(collections) == 1
    names = [(record.site or "not stated") if by_site else record.collection for record in films]
    source_names = tuple(sorted(set(names)))
    return Sample(
        records=tuple(films),
        vectors=np.stack([held[record.pixel_hash] for record in films]),
        pixels=_pixels(pictures),
        people=people,
        sources=np.array([source_names.index(name) for name in names]),
        source_names=source_names,
        covid=np.array([{True: 1, False: 0, None: -1}[record.findings.get(COVID)] for record in films]),
        is_child=np.array([record.is_child for record in films]),
        joined=joined,
    )


def load_pair(folder: Path, encoder: EncoderIdentity, other: EncoderIdentity | None) -> tuple[Sample, Sample | None]:
    """Return the sample of an encoder and, row by row the same films, that of another.

    Raises:
        CasebookError: Films have a vector of one encoder and not of the other.
    """
    mine = load_sample(folder, encoder)
    if other is None:
        return mine, None
    theirs = load_sample(folder, other)
    if [record.scan for record in mine.records] != [record.scan for record in theirs.records]:
        raise CasebookError(f"{folder.name}: not every film has a vector of both encoders. Build an index with each.")
    return mine, theirs


def joined_people(records: Sequence[ScanRecord]) -> tuple[NDArray[np.int64], tuple[tuple[str, str], ...]]:
    """Return the number of each film's patient, patients who have the same picture being one; and who was joined.

    Same are pictures whose difference hashes are at most ``DUPLICATE_BITS`` of 256 bits apart.
    """
    patients = sorted({record.patient for record in records})
    parent = {patient: patient for patient in patients}

    def root(patient: str) -> str:
        while parent[patient] != patient:
            patient = parent[patient]
        return patient

    prints = np.frombuffer(b"".join(record.fingerprint for record in records), np.uint8).reshape(len(records), -1)
    joined = []
    for row, record in enumerate(records):
        apart = bits_apart(record.fingerprint, prints[row + 1 :])
        for other in (np.flatnonzero(apart <= DUPLICATE_BITS) + row + 1).tolist():
            a, b = root(record.patient), root(records[other].patient)
            if a != b:
                parent[max(a, b)] = min(a, b)
                joined.append((min(a, b), max(a, b)))
    numbers = {patient: number for number, patient in enumerate(patients)}
    return np.array([numbers[root(record.patient)] for record in records]), tuple(sorted(joined))


def _pixels(pictures: Sequence[bytes]) -> Vectors:
    """Return thumbnails of thumbnails, each with mean 0 and unit length."""
    small = []
    for png in pictures:
        with Image.open(io.BytesIO(png)) as picture:
            size = (PIXEL_SIDE, PIXEL_SIDE)
            small.append(np.asarray(picture.resize(size, Image.Resampling.BOX), np.float32).ravel())
    stacked = np.stack(small)
    stacked -= stacked.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
    return np.asarray(stacked / np.maximum(lengths, 1e-6), np.float32)
