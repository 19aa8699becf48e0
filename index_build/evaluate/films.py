"""The films of a casebook read again, and the vectors of altered pictures of them, kept in its cache."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.alterations import SIDE, Grey, frame_only, lungs_only, marked
from scankin.index_build.scan_files import scan_files
from scankin.index_build.vectors import VectorCache, altered_key
from scankin.retrieval.encoder import DEFAULT_SLICES, Encoder
from scankin.retrieval.errors import ScanError
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.rendering import render
from scankin.retrieval.scan import Modality, Scan
from scankin.retrieval.thumbnails import thumbnail_png

FRAME, LUNGS, MARKED = "frame-1", "lungs-1", "marked-1"
COMMIT_EVERY = 64
"""Films between two commits of the cache: what an interrupt may lose."""
T = TypeVar("T")
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class LungFinder:
    """What finds lungs.

    Attributes:
        name: Changes when its masks do: part of the key of cached vectors.
        mask: Takes a rendered square ``[side, side]`` in [0, 1] and returns how surely each pixel is lung, alike.
    """

    name: str
    mask: Callable[[Grey], Grey]


@dataclass(frozen=True, eq=False)
class AlteredVectors:
    """Vectors of altered films.

    Attributes:
        by_kind: Vector ``[dim]`` by alteration and scan key.
        examples: PNG of one film by alteration, as the encoder was given it.
        refused: Reasons of films that could not be read or encoded, by scan key.
    """

    by_kind: Mapping[str, Mapping[str, NDArray[np.float32]]]
    examples: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    refused: Mapping[str, str] = field(default_factory=dict)


def each_film(
    folder: Path, records: Sequence[ScanRecord], work: Callable[[Scan], T], workers: int
) -> Iterator[tuple[ScanRecord, T | ScanError]]:
    """Yield what ``work`` makes of each film as it was read, or why it makes nothing, as they end."""
    held = {one.record.scan: one for one in scan_files(Casebook.load(folder))}
    with ReadingPool(workers) as pool:

        def made(record: ScanRecord) -> T | ScanError:
            try:
                return work(held[record.scan].read(pool, DEFAULT_SLICES))
            except ScanError as error:
                return error

        yield from in_parallel(made, records, workers)


def altered_vectors(
    folder: Path,
    records: Sequence[ScanRecord],
    encoder: Encoder,
    lungs: LungFinder,
    *,
    workers: int,
    progress: Progress = lambda _done, _of: None,
) -> AlteredVectors:
    """Return the vectors of films with their lungs blacked out, of their lungs alone, and with a marker.

    A film whose lungs are not found has the marked one only. Vectors are kept in the casebook's cache under the film's
    pixel hash and the name of the alteration, and so leave it with their patient.
    """
    names = {FRAME: f"{FRAME} {lungs.name}", LUNGS: f"{LUNGS} {lungs.name}", MARKED: MARKED}
    keys = {(r.scan, kind): altered_key(r.pixel_hash, name) for r in records for kind, name in names.items()}
    refused: dict[str, str] = {}
    with VectorCache(folder) as cache:
        held = cache.vectors(encoder.identity, keys.values())
        new = [record for record in records if any(keys[record.scan, kind] not in held for kind in names)]
        done = len(records) - len(new)
        for record, found in each_film(folder, new, lambda scan: _encoded(scan, encoder, lungs), workers):
            done += 1
            if isinstance(found, ScanError):
                refused[record.scan] = found.reason.value
            else:
                for kind, (vector, png) in found.items():
                    cache.add(encoder.identity, keys[record.scan, kind], vector, png)
            if done % COMMIT_EVERY == 0:
                cache.commit()
            progress(done, len(records))
        cache.commit()
        held = cache.vectors(encoder.identity, keys.values())
        by_kind = {
            kind: {r.scan: held[keys[r.scan, kind]] for r in records if keys[r.scan, kind] in held} for kind in names
        }
        examples = {
            kind: tuple(png for _, png in cache.thumbnails((scan, keys[scan, kind]) for scan in sorted(of_kind)[:1]))
            for kind, of_kind in by_kind.items()
        }
    return AlteredVectors(by_kind, examples, refused)


def _encoded(scan: Scan, encoder: Encoder, lungs: LungFinder) -> dict[str, tuple[NDArray[np.float32], bytes]]:
    picture = render(scan, SIDE)[0]
    mask = lungs.mask(picture)
    pictures = {FRAME: frame_only(picture, mask), LUNGS: lungs_only(picture, mask), MARKED: marked(picture)}
    made = {}
    for kind, altered in pictures.items():
        if altered is not None:
            film = Scan(Modality.XRAY, altered[np.newaxis])
            made[kind] = encoder.encode(encoder.prepare(film)), thumbnail_png(film)
    return made
