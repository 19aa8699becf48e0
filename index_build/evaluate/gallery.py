"""Queries with their neighbours side by side: the best, those in the middle and the worst. Small pictures, no names."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from scankin.index_build.evaluate.ranking import Ranked
from scankin.index_build.evaluate.sample import Sample

SHOWN = 5
"""Neighbours of each query, and queries of each kind."""
QUERIES = 3
SIDE = 128


@dataclass(frozen=True)
class Film:
    """One picture of the page.

    Attributes:
        picture: PNG as a data URI.
        findings: What it shows, in words.
        source: Where it is from.
        is_alike: Whether it shows exactly what the query shows; the query itself does.
        similarity: To the query, in [-1, 1].
    """

    picture: str
    findings: str
    source: str
    is_alike: bool
    similarity: float


@dataclass(frozen=True)
class Shelf:
    """One query and its nearest.

    Attributes:
        films: The query, then its neighbours, most similar first.
        alike: How many of the ten nearest show exactly what it shows.
    """

    films: tuple[Film, ...]
    alike: int


def shelves(sample: Sample, near: Sequence[Ranked]) -> dict[str, list[Shelf]]:
    """Return the queries whose ten nearest are most, middling and least alike; of equals, the first by scan key."""
    shown = [(ranked, _alike(sample, ranked)) for ranked in near if sample.findings[ranked.query] and len(ranked.rows)]
    order = sorted(shown, key=lambda one: (-one[1], -float(one[0].similarities[0]), sample.records[one[0].query].scan))
    middle = max((len(order) - QUERIES) // 2, 0)
    kinds = {"best": order[:QUERIES], "median": order[middle : middle + QUERIES], "worst": order[-QUERIES:][::-1]}
    return {kind: [_shelf(sample, *one) for one in of_kind] for kind, of_kind in kinds.items()}


def data_uri(png: bytes, side: int = SIDE) -> str:
    """Return a PNG made small, as a data URI."""
    with Image.open(io.BytesIO(png)) as picture:
        sink = io.BytesIO()
        picture.convert("L").resize((side, side), Image.Resampling.LANCZOS).save(sink, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(sink.getvalue()).decode()}"


def _alike(sample: Sample, ranked: Ranked) -> int:
    return sum(sample.findings[row] == sample.findings[ranked.query] for row in ranked.rows)


def _shelf(sample: Sample, ranked: Ranked, alike: int) -> Shelf:
    rows = [ranked.query, *ranked.rows[:SHOWN].tolist()]
    similarities = [1.0, *np.asarray(ranked.similarities[:SHOWN], np.float64).tolist()]
    films = tuple(
        Film(
            picture=data_uri(sample.pictures[row]),
            findings=", ".join(sorted(sample.findings[row])) or "nothing stated",
            source=sample.source_names[sample.sources[row]],
            is_alike=sample.findings[row] == sample.findings[ranked.query],
            similarity=similarity,
        )
        for row, similarity in zip(rows, similarities, strict=True)
    )
    return Shelf(films, alike)
