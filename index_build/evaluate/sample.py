"""What is evaluated: the films of a casebook with their vectors, and who may ask and answer whom."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.index_build.casebook import Casebook
from scankin.index_build.duplicates.finding import Duplicate
from scankin.index_build.duplicates.listing import duplicates_of
from scankin.index_build.evaluate.people import joined_people
from scankin.index_build.fitted import patients_of
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError
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
        fitted: Patients (keys) that the encoder was fitted on: they never ask, they may answer.
        origins: ``[n]`` website that published each film; empty where none is recorded of any.
        pictures: ``[n]`` PNG of each; empty where they were not loaded.
        duplicates: Pairs of films that are the same picture, of one patient or of two.
        asked_as: ``[n, dim]`` vectors that the films ask with, where they answer with others.
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
    fitted: frozenset[str] = frozenset()
    origins: tuple[str | None, ...] = ()
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    duplicates: tuple[Duplicate, ...] = ()
    asked_as: Vectors | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def findings(self) -> list[frozenset[str]]:
        """What each film shows."""
        return [frozenset(name for name, shown in r.findings.items() if shown) for r in self.records]

    @cached_property
    def may_ask(self) -> NDArray[np.bool_]:
        """``[n]``: False for films of people whom the encoder was fitted on, by any of their keys."""
        was_fitted = np.array([record.patient in self.fitted for record in self.records], bool)
        return ~np.isin(self.people, self.people[was_fitted])

    @cached_property
    def asking(self) -> NDArray[np.int64]:
        """Rows of the films that may ask."""
        return np.flatnonzero(self.may_ask)

    def with_vectors(self, vectors: Vectors) -> "Sample":
        """Return the same films with other vectors, made to unit length."""
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return replace(self, vectors=unit.astype(np.float32))

    def only(self, rows: NDArray[np.int64]) -> "Sample":
        """Return the films of some rows, in their order; people and sources keep their numbers."""
        return replace(
            self,
            records=tuple(self.records[row] for row in rows),
            vectors=self.vectors[rows],
            pixels=self.pixels[rows],
            people=self.people[rows],
            sources=self.sources[rows],
            covid=self.covid[rows],
            is_child=self.is_child[rows],
            asked_as=None if self.asked_as is None else self.asked_as[rows],
            origins=tuple(self.origins[row] for row in rows) if self.origins else (),
            pictures=tuple(self.pictures[row] for row in rows) if self.pictures else (),
        )


def load_sample(
    folder: Path, encoder: EncoderIdentity, is_fitted: Callable[[str], bool] = lambda _source_id: False
) -> Sample:
    """Return the films of a casebook whose vectors are cached.

    Args:
        folder: The casebook.
        encoder: Whose vectors.
        is_fitted: Whether the encoder's card names the source's own id of a film as one that it was fitted on; the
            patients that the casebook itself records are added.

    Raises:
        CasebookError: No film has a vector of this encoder.
    """
    book = Casebook.load(folder)
    rows = {row["scan"]: row for row in book.tables["scans"].to_pylist()}
    with VectorCache(folder) as cache:
        records = [record for record in map(ScanRecord.from_row, rows.values()) if record.modality is Modality.XRAY]
        held = cache.vectors(encoder, [record.pixel_hash for record in records])
        records = [record for record in records if record.pixel_hash in held]
        films = [record for record in records if record.view is not View.LATERAL]
        if not films:
            raise CasebookError(f"{folder.name}: no film has a vector of {encoder.name}. Build an index with it first.")
        pictures = [png for _, png in cache.thumbnails((record.scan, record.pixel_hash) for record in films)]
        duplicates = duplicates_of(folder, records, cache)
    people, joined = joined_people(films, duplicates)
    collections = sorted({record.collection for record in films})
    by_site = len(collections) == 1
    names = [(record.site or "not stated") if by_site else record.collection for record in films]
    source_names = tuple(sorted(set(names)))
    origins = tuple(rows[record.scan]["origin"] for record in films)
    named = {record.patient for record in films if is_fitted(rows[record.scan]["source_id"])}
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
        fitted=patients_of(book, encoder, {record.patient for record in films}) | named,
        origins=origins if any(origins) else (),
        pictures=tuple(pictures),
        duplicates=tuple(duplicates),
    )


def load_pair(
    folder: Path,
    encoder: EncoderIdentity,
    other: EncoderIdentity | None,
    is_fitted: Callable[[str], bool] = lambda _source_id: False,
) -> tuple[Sample, Sample | None]:
    """Return the sample of an encoder and, row by row the same films, that of another.

    Whom either encoder was fitted on does not ask in either sample, so that both answer the same queries.

    Raises:
        CasebookError: Films have a vector of one encoder and not of the other.
    """
    mine = load_sample(folder, encoder, is_fitted)
    if other is None:
        return mine, None
    theirs = load_sample(folder, other, is_fitted)
    if [record.scan for record in mine.records] != [record.scan for record in theirs.records]:
        raise CasebookError(f"{folder.name}: not every film has a vector of both encoders. Build an index with each.")
    fitted = mine.fitted | theirs.fitted
    return replace(mine, fitted=fitted), replace(theirs, fitted=fitted)


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
