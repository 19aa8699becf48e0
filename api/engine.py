"""What every door of this package asks: one scan in, one report out."""

from dataclasses import dataclass
from pathlib import Path

from scankin.models import load_encoder
from scankin.retrieval.filters import Filters
from scankin.retrieval.reading import ReadingPool, ReadRequest
from scankin.retrieval.report import SimilarityReport
from scankin.retrieval.retriever import NO_FILTERS, Retriever
from scankin.retrieval.store import load_version


@dataclass(frozen=True)
class Options:
    """How a query is answered.

    Attributes:
        k: Patients wanted.
        filters: What they must satisfy.
        false_refusal: Bound of the gate; None: the index's own, 0: no gate.
    """

    k: int = 10
    filters: Filters = NO_FILTERS
    false_refusal: float | None = None


def open_retriever(store: Path, weights: Path | None, device: str) -> Retriever:
    """Return a retriever of the store's current version, with the encoder that the version names.

    Raises:
        StoreError: The store is missing or damaged, or the weights are not those that built it.
    """
    version = load_version(store)
    return Retriever(version, load_encoder(version.encoder.name, weights, device))


def answer(retriever: Retriever, pool: ReadingPool, request: ReadRequest, options: Options) -> SimilarityReport:
    """Return the report on the scan that a request names.

    Raises:
        ScanError: The scan cannot be answered.
        InvalidRequest: The options are out of range.
    """
    return retriever.report(pool.read(request), options.k, options.filters, options.false_refusal)
