"""Exact search over the scans of one modality, by FAISS."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.encoder import Embeddings, EncoderIdentity
from scankin.retrieval.errors import InvalidRequest, StoreCorrupt
from scankin.retrieval.keys import faiss_id
from scankin.retrieval.records import ScanRecord

SIMILARITY_DECIMALS = 6
"""Similarities equal to this many decimals are ties: single and batched sums of float32 differ by up to 6e-7."""

_TIE_MARGIN = 2e-6


@dataclass(frozen=True)
class Neighbours:
    """The nearest patients of one query, most similar first.

    Attributes:
        records: One scan a patient, the patient's most similar.
        similarities: Cosines in [-1, 1], rounded to 6 decimals.
        scores: What they are ordered by, falling, rounded to 6 decimals: the cosines, and what other likeness adds.
    """

    records: tuple[ScanRecord, ...]
    similarities: tuple[float, ...]
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.records) == len(self.similarities) == len(self.scores):
            raise ValueError("Neighbours: as many similarities and scores as records are needed.")
        if len({record.patient for record in self.records}) != len(self.records):
            raise ValueError("Neighbours: a patient appears twice.")
        order = [(-s, record.scan) for s, record in zip(self.scores, self.records, strict=True)]
        if order != sorted(order):
            raise ValueError("Neighbours: not in falling order, ties by scan key.")


class _Ranked(NamedTuple):
    """One row a patient, first to last."""

    rows: NDArray[np.int64]
    similarities: NDArray[np.float64]
    scores: NDArray[np.float64]


class ScanIndex:
    """Records and their unit vectors, held together: row i of one is row i of the other. Never changed once made.

    Attributes:
        records: In the order of the rows.
        patients: ``[n]`` int64: number of each row's patient, the same for the same patient.
        encoder: What made the vectors.
    """

    def __init__(self, records: Sequence[ScanRecord], flat_index: Any, encoder: EncoderIdentity) -> None:
        """Hold ``records`` and the FAISS ``IndexIDMap2(IndexFlatIP)`` made of them, in the same order.

        Raises:
            StoreCorrupt: Counts, ids, dimension or metric do not agree.
        """
        self.records = tuple(records)
        self._rows = {record.scan: row for row, record in enumerate(self.records)}
        self._key_ranks = np.argsort(np.argsort([record.scan for record in self.records]))
        self.patients = np.unique([record.patient for record in self.records], return_inverse=True)[1]
        self.encoder = encoder
        # What downcasting returns owns nothing: the index that was given must live as long as they do.
        self._index = flat_index
        mapped: Any = faiss.downcast_index(flat_index)
        if not isinstance(mapped, faiss.IndexIDMap2):
            raise StoreCorrupt("The FAISS index has no ids of its own. Rebuild the store.")
        self._flat: Any = faiss.downcast_index(mapped.index)
        _check(self.records, mapped, encoder)
        self._vectors = _stored_vectors(self._flat)

    @classmethod
    def of(cls, records: Sequence[ScanRecord], embeddings: Embeddings) -> "ScanIndex":
        """Return the index of records and their embeddings, row by row."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(embeddings.encoder.dim))
        index.add_with_ids(embeddings.vectors, np.array([faiss_id(record.scan) for record in records], np.int64))
        return cls(records, index, embeddings.encoder)

    def __len__(self) -> int:
        return len(self.records)

    def row(self, key: str) -> int | None:
        """Return the row of a scan key; None when it is not here."""
        return self._rows.get(key)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """``[len(self), dim]``, row by row with ``records``: for building other indexes, never for an answer."""
        return self._vectors

    def similarities(self, query: Embeddings) -> NDArray[np.float32]:
        """Return ``[len(self)]``: the cosine of one query ``[1, dim]`` to every scan, for estimates over all of them.

        Raises:
            EncoderMismatch: The query comes from another encoder, preprocessing or engine.
        """
        self.encoder.require(query.encoder, "query")
        # A product by BLAS wakes all its threads for each query; their waiting doubles the CPU time of the query.
        cosines: NDArray[np.float32] = np.einsum("ij,j->i", self._vectors, query.vectors[0])
        return cosines

    def serialised(self) -> NDArray[np.uint8]:
        """Return the FAISS index as bytes, the same for the same content."""
        serialised: NDArray[np.uint8] = faiss.serialize_index(self._index)
        return serialised

    def search(
        self,
        query: Embeddings,
        k: int,
        allowed: NDArray[np.bool_],
        added: NDArray[np.float64] | None = None,
    ) -> Neighbours:
        """Return the k most similar patients among the allowed scans.

        Similarity is the cosine; the order is by cosine plus what is added, equal ones (to 6 decimals) by scan key.
        Each patient appears once, by the first of the allowed scans, so fewer than ``k`` come back when patients run
        out.

        Args:
            query: One unit vector ``[1, dim]`` from the encoder that built this index.
            k: Patients wanted, at least 1.
            allowed: ``[len(self)]``; False leaves a scan out.
            added: ``[len(self)]``, what likeness in other respects adds to each scan's cosine; None: nothing.

        Raises:
            EncoderMismatch: The query comes from another encoder, preprocessing or engine.
            InvalidRequest: k is less than 1.
        """
        self.encoder.require(query.encoder, "query")
        if k < 1:
            raise InvalidRequest(f"k is {k}; at least 1 is needed.")
        if added is not None:
            rows = np.flatnonzero(allowed)
            return self._first(self._ranked(query.vectors[0], rows, added[rows]), k)
        available = int(allowed.sum())
        wanted = min(available, max(4 * k, 64))
        while True:
            rows = self._nearest_rows(query.vectors, wanted, allowed)
            ranked = self._ranked(query.vectors[0], rows, np.zeros(len(rows)))
            if wanted == available or _is_settled(ranked, k, len(rows)):
                return self._first(ranked, k)
            wanted = min(available, wanted * 4)

    def _nearest_rows(self, query: NDArray[np.float32], wanted: int, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        if wanted == 0:
            return np.empty(0, np.int64)
        faiss.omp_set_num_threads(1)  # one query gains nothing from more and loses much when cores are busy
        bitmap = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bitmap))
        _, rows = self._flat.search(query, wanted, params=_selecting(selector))
        found: NDArray[np.int64] = rows[0]
        return found

    def _ranked(self, query: NDArray[np.float32], rows: NDArray[np.int64], added: NDArray[np.float64]) -> _Ranked:
        """Return each patient's first row, ordered; similarities are recomputed in float64 so that ties are stable."""
        exact = (self._vectors[rows].astype(np.float64) * query.astype(np.float64)).sum(axis=1)
        cosines = np.round(np.clip(exact, -1.0, 1.0), SIMILARITY_DECIMALS)
        scores = np.round(cosines + added, SIMILARITY_DECIMALS)
        order = np.lexsort((self._key_ranks[rows], -scores))
        firsts = np.sort(np.unique(self.patients[rows[order]], return_index=True)[1])
        chosen = order[firsts]
        return _Ranked(rows[chosen], cosines[chosen], scores[chosen])

    def _first(self, ranked: _Ranked, k: int) -> Neighbours:
        return Neighbours(
            tuple(self.records[row] for row in ranked.rows[:k].tolist()),
            tuple(ranked.similarities[:k].tolist()),
            tuple(ranked.scores[:k].tolist()),
        )


def _stored_vectors(flat: Any) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)
    return vectors.reshape(flat.ntotal, flat.d)


def _selecting(selector: Any) -> Any:
    parameters: Any = faiss.SearchParameters
    return parameters(sel=selector)


def _is_settled(ranked: _Ranked, k: int, looked_at: int) -> bool:
    """Whether no scan beyond those looked at could still be, or tie with, one of the first k patients."""
    scores = ranked.scores
    return looked_at > 0 and len(scores) > k and bool(scores[-1] < scores[k - 1] - _TIE_MARGIN)


def _check(records: tuple[ScanRecord, ...], index: Any, encoder: EncoderIdentity) -> None:
    flat = faiss.downcast_index(index.index)
    if not isinstance(flat, faiss.IndexFlat) or flat.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise StoreCorrupt("The FAISS index is not an exact inner-product index. Rebuild the store.")
    if flat.d != encoder.dim:
        raise StoreCorrupt(f"The FAISS index has {flat.d} dimensions, its encoder {encoder.dim}. Rebuild the store.")
    if index.ntotal != len(records):
        raise StoreCorrupt(f"The FAISS index holds {index.ntotal} vectors for {len(records)} scans. Rebuild the store.")
    ids = faiss.vector_to_array(index.id_map)
    if not np.array_equal(ids, np.array([faiss_id(record.scan) for record in records], np.int64)):
        raise StoreCorrupt("The ids in the FAISS index are not those of the scans. Rebuild the store.")
