"""Explanations as doors give them: in the report, as one picture, as a folder of pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scankin.api.drawings import SIDE, draw
from scankin.models.lungs import lung_mask
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.explainer import Explainer
from scankin.retrieval.explanation import Explanation
from scankin.retrieval.files import replaced
from scankin.retrieval.rendering import render
from scankin.retrieval.report import SimilarityReport
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan

EXPLANATIONS_SCHEMA = "scankin.explanations/1"
EXPLANATIONS = "explanations.json"


def explainer_of(retriever: Retriever) -> Explainer:
    """Return what explains the answers of a retriever, with the lungs looked for.

    Raises:
        InvalidRequest: The index's encoder cannot tell the places that its vectors come from.
    """
    return Explainer(retriever, lung_mask)


def picture_of(retriever: Retriever, scan: Scan, explanation: Explanation) -> bytes:
    """Return an explanation of a scan as PNG."""
    version = retriever.version
    return draw(
        explanation,
        render(scan, SIDE)[0],
        version.thumbnails.png(explanation.scan),
        index=version.name,
        licence=None if version.licence is None else version.licence.line,
    )


def require_empty(folder: Path) -> None:
    """Check that a folder can take the pictures of one query: pictures of another must not stand beside them.

    Raises:
        InvalidRequest: It is a file, or holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequest("The folder for explanations is not empty. Name a new or empty one.")


def write_explanations(folder: Path, retriever: Retriever, scan: Scan, report: SimilarityReport) -> None:
    """Write a picture for each neighbour of an explained report, and ``explanations.json`` about all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for rank, explanation in enumerate(report.explanations or (), start=1):
        name = f"{rank:02d}-{explanation.scan}.png"
        replaced(folder / name, picture_of(retriever, scan, explanation))
        told.append({"rank": rank, "image": name, **explanation.as_json()})
    replaced(folder / EXPLANATIONS, json.dumps(_folder_json(report, told), indent=1).encode())


def _folder_json(report: SimilarityReport, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    whole = report.as_json()
    return {
        "schema": EXPLANATIONS_SCHEMA,
        "query": whole["query"],
        "explanations": told,
        "index": whole["index"],
        "notice": whole["notice"],
    }
