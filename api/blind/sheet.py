"""One sheet: a query's picture and those of cases under neutral codes, nothing else; which is which is in the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scankin.retrieval.asked import Candidates
from scankin.retrieval.errors import RefusedScan
from scankin.retrieval.question import Question
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan
from scankin.retrieval.thumbnails import thumbnail_png

SIMILAR, RANDOM = "similar", "random"


@dataclass(frozen=True)
class Case:
    """One case of a sheet.

    Attributes:
        code: What the sheet calls it.
        kind: ``SIMILAR`` or ``RANDOM``.
        record: Of the index.
        rank: Among all patients who may answer, from 1.
        similarity: Cosine to the query.
        outcomes: State by name.
        picture: PNG.
    """

    code: str
    kind: str
    record: ScanRecord
    rank: int
    similarity: float
    outcomes: Mapping[str, str]
    picture: bytes

    def as_json(self) -> dict[str, Any]:
        """Return the case as the key tells it."""
        return {
            "code": self.code,
            "kind": self.kind,
            "scan": self.record.scan,
            "patient": self.record.patient,
            "rank": self.rank,
            "similarity": self.similarity,
            "outcomes": dict(self.outcomes),
        }


@dataclass(frozen=True)
class Sheet:
    """One query's sheet.

    Attributes:
        number: Place of the query among those named, from 1.
        picture: Of the query, PNG.
        pixel_hash: Of the query.
        cases: In the order of the sheet.
    """

    number: int
    picture: bytes
    pixel_hash: str
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"sheet-{self.number:02d}.html"

    def as_json(self) -> dict[str, Any]:
        """Return the sheet as the key tells it; the query by its place, never by a name or path."""
        return {
            "sheet": self.name,
            "query": {"place": self.number, "pixel_hash": self.pixel_hash},
            "cases": [case.as_json() for case in self.cases],
        }


def sheet_of(retriever: Retriever, scan: Scan, number: int, *, k: int, random: int, seed: int) -> Sheet:
    """Return a query's sheet: its k most similar patients and random others, in random order.

    The random ones are patients who may answer: of the same modality and age group, never the query's own. Each patient
    appears once, a random one by any of the scans. The same seed, query and version of the index give the same sheet.

    Raises:
        RefusedScan: The scan cannot be answered; the message names it by its number.
    """
    try:
        similar = {case.scan for case in retriever.report(scan, Question(k)).neighbours}
        candidates = retriever.candidates(scan, Question().filters)
    except RefusedScan as error:
        raise RefusedScan(error.reason, f"Scan {number}: {error.message}") from None
    rng = np.random.default_rng([seed, int(scan.pixel_hash[:15], 16)])
    index = candidates.index
    patients = len({record.patient for record in index.records})
    order = index.search(retriever.embed(scan), patients, candidates.allowed)
    ranks = {record.patient: rank for rank, record in enumerate(order.records, start=1)}
    chosen = [(SIMILAR, record) for record in order.records if record.scan in similar]
    chosen += [(RANDOM, record) for record in _others(candidates, {one.patient for _, one in chosen}, random, rng)]
    cosines = index.similarities(retriever.embed(scan))
    cases = []
    for place, number_in_order in enumerate(rng.permutation(len(chosen)), start=1):
        kind, record = chosen[number_in_order]
        row = index.row(record.scan)
        cases.append(
            Case(
                code=f"{number}-{place:02d}",
                kind=kind,
                record=record,
                rank=ranks[record.patient],
                similarity=round(float(cosines[row or 0]), 6),
                outcomes={name: state.value for name, state in retriever.version.outcomes_of(record).items()},
                picture=retriever.version.thumbnails.png(record.scan),
            )
        )
    return Sheet(number, thumbnail_png(scan), scan.pixel_hash, tuple(cases))


def _others(candidates: Candidates, taken: set[str], wanted: int, rng: np.random.Generator) -> list[ScanRecord]:
    """Return a random scan of each of ``wanted`` random patients, or of as many as there are."""
    held: dict[str, list[ScanRecord]] = {}
    for row in np.flatnonzero(candidates.allowed):
        record = candidates.index.records[row]
        if record.patient not in taken:
            held.setdefault(record.patient, []).append(record)
    names = sorted(held)
    drawn = rng.choice(len(names), size=min(wanted, len(names)), replace=False)
    return [held[names[number]][rng.integers(len(held[names[number]]))] for number in drawn]
