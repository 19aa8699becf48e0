"""What every door of this package asks: one scan in, one report out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scankin.api.explanations import explainer_of
from scankin.models import load_encoder
from scankin.models.engines import AUTO
from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.question import PLAIN, Question
from scankin.retrieval.reading import ReadingPool, ReadRequest
from scankin.retrieval.report import SimilarityReport
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan
from scankin.retrieval.store import load_version


@dataclass(frozen=True)
class Options:
    """How a query is answered.

    Attributes:
        question: What is asked about the scan.
        explain: Whether to say of each neighbour where its similarity comes from: seconds instead of milliseconds.
    """

    question: Question = PLAIN
    explain: bool = False


def open_retriever(store: Path, weights: Path | None, device: str, engine: str = AUTO) -> Retriever:
    """Return a retriever of the store's current version, with the encoder that the version names.

    Args:
        store: Its folder.
        weights: Local weights of the encoder; None: those that come with it.
        device: Torch device.
        engine: What runs the encoder's network.

    Raises:
        StoreError: The store is missing or damaged, or the weights are not those that built it.
    """
    version = load_version(store)
    return Retriever(version, load_encoder(version.encoder.name, weights, device, engine))


def answer(retriever: Retriever, pool: ReadingPool, request: ReadRequest, options: Options) -> SimilarityReport:
    """Return the report on the scan that a request names.

    Raises:
        ScanError: The scan cannot be answered.
        InvalidRequest: The options are out of range.
    """
    return report_on(retriever, pool.read(request), options)


def report_on(retriever: Retriever, scan: Scan, options: Options, others: Sequence[OtherScan] = ()) -> SimilarityReport:
    """Return the report on a scan, explained where the options ask for it.

    Args:
        retriever: Answers.
        scan: The query.
        options: How it is answered.
        others: Further scans of the same patient.

    Raises:
        ScanError: The scan cannot be answered.
        InvalidRequest: The options are out of range, or what is asked cannot be explained.
    """
    explainer = explainer_of(retriever) if options.explain else None
    report = retriever.report(scan, options.question, others)
    if explainer is None:
        return report
    return replace(report, explanations=explainer.explain(scan, [case.scan for case in report.neighbours]))
