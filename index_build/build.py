"""From a casebook to a published version of an index."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scankin.index_build.casebook import Casebook
from scankin.index_build.duplicates.finding import Duplicate
from scankin.index_build.duplicates.listing import duplicates_of
from scankin.index_build.publish import publish
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.index_build.vectors import VectorCache
from scankin.index_build.version_files import VersionFiles
from scankin.retrieval.encoder import Embeddings, Encoder, can_locate
from scankin.retrieval.errors import CasebookError, InvalidRequest, ScanError
from scankin.retrieval.gate import FALSE_REFUSAL
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.locations import Places, places_of
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.records import CASE_FIELDS, ScanRecord
from scankin.retrieval.scan import Modality
from scankin.retrieval.store import ALIAS_FIELDS
from scankin.retrieval.thumbnails import thumbnail_png

COMMIT_EVERY = 64
"""Scans between two commits of the cache: what an interrupt may lose."""

LIBRARIES = ("faiss-cpu", "numpy", "onnxruntime", "pillow", "pyarrow", "pydicom", "torch")


@dataclass(frozen=True)
class BuildAccount:
    """What went in and what came out.

    Attributes:
        version: Name of the version that is now current.
        is_new: False when the content equals the current version's, so that nothing was published.
        scans: Scans in the casebook; always indexed + refused.
        indexed: In the index, by modality.
        refused: By reason: scans that could not be encoded now.
        encoded: Scans encoded in this run; the others' vectors were cached.
        duplicates: Pairs of films that are one picture; ``duplicates.csv`` of the casebook lists them.
    """

    version: str
    is_new: bool
    scans: int
    indexed: Mapping[str, int]
    refused: Mapping[str, int]
    encoded: int
    duplicates: tuple[Duplicate, ...]


def build(
    folder: Path,
    store: Path,
    encoder: Encoder,
    *,
    workers: int,
    explanations: bool = False,
    false_refusal: float = FALSE_REFUSAL,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> BuildAccount:
    """Encode what is new in a casebook, publish an index of all of it, and return the account.

    Vectors are cached as they come, so that an interrupted build resumes where it was.

    Args:
        folder: The casebook.
        store: Where to publish; made when it is not there.
        encoder: Encodes every scan.
        workers: Reading processes and encoding threads.
        explanations: Keep the places of films, so that a neighbour's map can be drawn.
        false_refusal: Share of scans like those of the index that its gate may refuse.
        progress: Told how many scans have a vector, of how many.

    Raises:
        LicenceExpired: The last day on which the casebook's data may be used is past.
        CasebookError: The casebook is missing a table, or holds no scan that can be indexed.
        InvalidRequest: Explanations are wanted of an encoder that does not tell places.
        StoreLocked: Another process is publishing.
        StoreFull: The disk refused a write; nothing was published.
    """
    if explanations and not can_locate(encoder):
        raise InvalidRequest(f"{encoder.identity.name} cannot explain. Build without --explanations.")
    book = Casebook.load(folder)
    licence = book.settings.licence_terms()
    if licence is not None:
        licence.require_valid()
    items = scan_files(book)
    with VectorCache(folder) as cache:
        refused, encoded = _encode_new(items, cache, encoder, workers, explanations, progress)
        vectors = cache.vectors(encoder.identity, [item.record.pixel_hash for item in items])
        indexed = [item.record for item in items if item.record.pixel_hash in vectors]
        if not indexed:
            raise CasebookError(f"{folder.name}: it holds no scan that can be indexed. See its refusals.")
        duplicates = duplicates_of(folder, indexed, cache)
        files = replace(_files(book, indexed, vectors, encoder, cache, explanations), false_refusal=false_refusal)
        version, is_new = publish(
            store,
            files.write,
            encoder=encoder.identity,
            casebook=book.content,
            counts={**files.counts, "refused": dict(sorted(Counter(refused.values()).items()))},
            libraries=library_versions(),
            licence=licence,
        )
    return BuildAccount(
        version=version,
        is_new=is_new,
        scans=len(items),
        indexed=Counter(record.modality.value for record in indexed),
        refused=Counter(refused.values()),
        encoded=encoded,
        duplicates=tuple(duplicates),
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that take part in a build, where they are installed."""
    installed = {one.name.lower() for one in metadata.distributions() if one.name}
    return {name: metadata.version(name) for name in LIBRARIES if name in installed}


def _encode_new(
    items: list[ScanFiles],
    cache: VectorCache,
    encoder: Encoder,
    workers: int,
    explanations: bool,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, str], int]:
    """Encode what the cache has no vector of; return the reasons of refused scans by key, and how many were encoded."""
    held = set(cache.vectors(encoder.identity, [item.record.pixel_hash for item in items]))
    if explanations:
        films = {item.record.pixel_hash for item in items if item.record.modality is Modality.XRAY}
        held -= films - cache.with_places(encoder.identity)
    # Scans with equal pixels share one vector: the first stands for all.
    new = list({item.record.pixel_hash: item for item in items if item.record.pixel_hash not in held}.values())
    done = len(items) - len(new)
    refused: dict[str, str] = {}
    progress(done, len(items))
    if not new:
        return refused, 0
    with ReadingPool(workers) as pool:
        for item, made in in_parallel(lambda one: _encode(one, pool, encoder, explanations), new, workers):
            done += 1
            if isinstance(made, ScanError):
                refused[item.record.scan] = made.reason.value
            else:
                cache.add(encoder.identity, item.record.pixel_hash, made.embedding.vectors[0], made.png)
                if made.places is not None:
                    cache.add_places(encoder.identity, item.record.pixel_hash, made.places.to_bytes())
            if done % COMMIT_EVERY == 0:
                cache.commit()
            progress(done, len(items))
    cache.commit()
    return refused, len(new) - len(refused)


@dataclass(frozen=True, eq=False)
class _Encoded:
    embedding: Embeddings
    png: bytes
    places: Places | None


def _encode(item: ScanFiles, pool: ReadingPool, encoder: Encoder, explanations: bool) -> _Encoded | ScanError:
    try:
        scan = item.read(pool, encoder.slices)
        tensor = encoder.prepare(scan)
        embedding = Embeddings(encoder.encode(tensor)[np.newaxis], encoder.identity)
        places = places_of(encoder, scan, tensor) if explanations and can_locate(encoder) else None
        return _Encoded(embedding, thumbnail_png(scan), places)
    except ScanError as error:
        return error


def _files(
    book: Casebook,
    records: list[ScanRecord],
    vectors: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float32]]],
    encoder: Encoder,
    cache: VectorCache,
    explanations: bool,
) -> VersionFiles:
    patients = pa.array(sorted({record.patient for record in records}), pa.string())
    cases = book.tables["cases"].select(CASE_FIELDS.names)
    aliases = book.tables["aliases"].select(ALIAS_FIELDS.names)
    indexes = {}
    for modality in Modality:
        held = [record for record in records if record.modality is modality]
        if held:
            stacked = np.stack([vectors[record.pixel_hash] for record in held])
            indexes[modality] = ScanIndex.of(held, Embeddings(stacked, encoder.identity))
    return VersionFiles(
        records=tuple(records),
        indexes=indexes,
        cases=cases.filter(pc.is_in(cases["patient"], patients)),
        aliases=aliases.filter(pc.is_in(aliases["patient"], patients)),
        keyring=book.keyring,
        pictures=cache.thumbnails((record.scan, record.pixel_hash) for record in records),
        places=cache.places(encoder.identity, _films(records)) if explanations else None,
    )


def _films(records: list[ScanRecord]) -> Iterator[tuple[str, str]]:
    return ((record.scan, record.pixel_hash) for record in records if record.modality is Modality.XRAY)
