"""The films that a training sees: cropped to the lungs, with what is known of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.sample import COVID, Sample
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.index_build.train.people import people_of
from scankin.index_build.train.split import parts_of
from scankin.models.lungs.crop import lung_crop
from scankin.retrieval.encoder import DEFAULT_SLICES
from scankin.retrieval.errors import CasebookError, ScanError
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, View

STORED = "films.npy"
SIDE = 224
"""Pixels of the stored crops; augmentation takes its smaller squares out of them."""


@dataclass(frozen=True, eq=False)
class Films:
    """Frontal films, row by row.

    Attributes:
        records: One a film.
        source_ids: As the collection names them.
        crops: ``[n, 224, 224]`` uint8, the lungs.
        people: ``[n]`` number of the patient, near-duplicates joined.
        sources: ``[n]`` number of the collection.
        source_names: By number.
        parts: ``[n]``, see ``split.Part``.
    """

    records: tuple[ScanRecord, ...]
    source_ids: tuple[str, ...]
    crops: NDArray[np.uint8]
    people: NDArray[np.int64]
    sources: NDArray[np.int64]
    source_names: tuple[str, ...]
    parts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def covid(self) -> NDArray[np.int64]:
        """``[n]`` 1 shows COVID-19, 0 does not, -1 not stated."""
        return np.array([{True: 1, False: 0, None: -1}[record.findings.get(COVID)] for record in self.records])

    @property
    def is_child(self) -> NDArray[np.bool_]:
        """``[n]``."""
        return np.array([record.is_child for record in self.records])

    @property
    def shown(self) -> list[frozenset[str]]:
        """What each film shows."""
        return [frozenset(name for name, yes in record.findings.items() if yes) for record in self.records]

    def severity(self) -> NDArray[np.float64]:
        """``[n, measures]`` as shares of each scale, NaN where not read."""
        values = [[record.measures.get(name, np.nan) for name in MEASURES] for record in self.records]
        return np.asarray(np.array(values, float) / np.array([measure.high for measure in MEASURES.values()], float))

    def sample(self, rows: NDArray[np.int64], vectors: NDArray[np.float32]) -> Sample:
        """Return some films with their vectors, for measuring."""
        return Sample(
            records=tuple(self.records[row] for row in rows),
            vectors=vectors,
            pixels=vectors,
            people=self.people[rows],
            sources=self.sources[rows],
            source_names=self.source_names,
            covid=self.covid[rows],
            is_child=self.is_child[rows],
            joined=(),
        )


def load_films(
    casebook: Path, out: Path, *, workers: int, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Films:
    """Return the frontal films of a casebook; their crops are kept in ``out`` for the next time.

    Raises:
        CasebookError: It holds no film, or a film cannot be read any more.
    """
    book = Casebook.load(casebook)
    named = zip(scan_files(book), book.tables["scans"]["source_id"].to_pylist(), strict=True)
    chosen = [(s, i) for s, i in named if s.record.modality is Modality.XRAY and s.record.view is not View.LATERAL]
    if not chosen:
        raise CasebookError(f"{casebook.name}: it holds no frontal film to learn from.")
    scans, source_ids = [scan for scan, _ in chosen], tuple(source_id for _, source_id in chosen)
    records = tuple(scan.record for scan in scans)
    people = people_of(casebook, records)
    stored = out / STORED
    crops = np.load(stored) if stored.is_file() else None
    if crops is None or len(crops) != len(scans):
        crops = _crops(scans, workers, progress)
        out.mkdir(parents=True, exist_ok=True)
        np.save(stored, crops)
    names = tuple(sorted({record.collection for record in records}))
    return Films(
        records=records,
        source_ids=source_ids,
        crops=crops,
        people=people,
        sources=np.array([names.index(record.collection) for record in records]),
        source_names=names,
        parts=parts_of(source_ids, people),
    )


def _crops(scans: list[ScanFiles], workers: int, progress: Callable[[int, int], None]) -> NDArray[np.uint8]:
    crops = np.zeros((len(scans), SIDE, SIDE), np.uint8)
    with ReadingPool(workers) as pool:

        def crop(place: int) -> ScanError | None:
            try:
                scan = scans[place].read(pool, DEFAULT_SLICES)
                crops[place] = np.round(lung_crop(scan, SIDE)[0].picture * 255)
            except ScanError as error:
                return error
            return None

        for done, (_, failed) in enumerate(in_parallel(crop, list(range(len(scans))), workers), start=1):
            if failed is not None:
                raise CasebookError(f"A film cannot be read any more: {failed} Ingest again.")
            progress(done, len(scans))
    return crops
