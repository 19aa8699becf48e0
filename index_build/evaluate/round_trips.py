"""T13: the same film through DICOM in other ways has the same neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.films import Progress, each_film
from scankin.index_build.evaluate.ranking import Rows
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.evaluate.variants import PLAIN, VARIANTS, dicom_of, film_of
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import ScanError
from scankin.retrieval.reading import ReadRequest
from scankin.retrieval.reading.read import read_scan
from scankin.retrieval.scan import Scan

DEFAULT_FILMS = 24
LEAST_OVERLAP = 0.95
_NEAREST = 10
_SEED = 29


@dataclass(frozen=True)
class RoundTrip:
    """What one way of storing a film did to its neighbours.

    Attributes:
        overlap: Share of the ten nearest patients that stay.
        identical: Films whose list is the same in the same order.
        equal: Films whose picture is read exactly as from the plain file; their lists must be identical.
        equal_and_identical: Of these, those whose list is.
        films: All.
        is_lossless: Whether the rule of 0.95 holds for it.
    """

    overlap: Figure
    identical: int
    equal: int
    equal_and_identical: int
    films: int
    is_lossless: bool

    @property
    def passes(self) -> bool:
        """Whether it keeps the rule: lists of equal pictures identical, and of lossless ways 0.95 of the neighbours."""
        return self.equal == self.equal_and_identical and (not self.is_lossless or self.overlap.value >= LEAST_OVERLAP)


@dataclass(frozen=True)
class _Seen:
    """One file of a film: whether its rendered tensor equals the plain file's, and its neighbours."""

    is_equal: bool
    rows: Rows


def round_trips(
    sample: Sample,
    folder: Path,
    encoder: Encoder,
    *,
    films: int = DEFAULT_FILMS,
    workers: int = 1,
    progress: Progress = lambda _done, _of: None,
) -> Mapping[str, RoundTrip]:
    """Return what each way of storing does to the neighbours of some films, drawn at random, the same each time.

    Every film is written as DICOM of 12 bits, read by the product's reader, encoded, and looked up among the sample's
    own vectors; its own person is left out.
    """
    drawn = np.random.default_rng(_SEED).choice(sample.asking, min(films, len(sample.asking)), replace=False)
    row_of = {sample.records[row].scan: int(row) for row in drawn}

    def seen(scan: Scan) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        film = film_of(scan.pixels[0], is_inverted=scan.is_inverted)
        tensors = [
            encoder.prepare(read_scan(ReadRequest(paths=(), data=dicom_of(film, way)))) for way in (PLAIN, *VARIANTS)
        ]
        return [(tensor, encoder.encode(tensor)) for tensor in tensors]

    found: dict[str, list[_Seen]] = {way.name: [] for way in VARIANTS}
    before: list[Rows] = []
    people: list[int] = []
    records = [sample.records[row] for row in drawn]
    for record, made in each_film(folder, records, seen, workers):
        if isinstance(made, ScanError):
            raise made
        row = row_of[record.scan]
        (plain, vector), *others = made
        people.append(int(sample.people[row]))
        before.append(_nearest(sample, row, vector))
        for way, (tensor, altered) in zip(VARIANTS, others, strict=True):
            found[way.name].append(_Seen(np.array_equal(tensor, plain), _nearest(sample, row, altered)))
        progress(len(before), len(drawn))
    return {way.name: _trip(before, found[way.name], np.array(people), way.is_lossless) for way in VARIANTS}


def _trip(before: list[Rows], after: list[_Seen], people: NDArray[np.int64], is_lossless: bool) -> RoundTrip:
    shares = [len(np.intersect1d(a, b.rows)) / max(len(a), 1) for a, b in zip(before, after, strict=True)]
    same = [np.array_equal(a, b.rows) for a, b in zip(before, after, strict=True)]
    return RoundTrip(
        overlap=figure(mean_of(np.array(shares)), people),
        identical=sum(same),
        equal=sum(one.is_equal for one in after),
        equal_and_identical=sum(one.is_equal and is_same for one, is_same in zip(after, same, strict=True)),
        films=len(before),
        is_lossless=is_lossless,
    )


def _nearest(sample: Sample, row: int, vector: NDArray[np.float32]) -> Rows:
    """Return the ten nearest patients of a vector, the person of ``row`` left out, one film each."""
    others = np.flatnonzero(sample.people != sample.people[row])
    order = others[np.argsort(-(sample.vectors[others] @ vector), kind="stable")]
    _, first = np.unique(sample.people[order], return_index=True)
    nearest: Rows = sample.people[order[np.sort(first)[:_NEAREST]]]
    return nearest
