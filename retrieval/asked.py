"""One query on its way to an answer: who may answer, and how alike they are in other respects than the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.clinical.comparison import Comparison
from scankin.retrieval.course.days import days_likeness
from scankin.retrieval.course.films import EarlierScan
from scankin.retrieval.course.trajectory import trajectory_likeness
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.likeness import Likeness
from scankin.retrieval.question import Question
from scankin.retrieval.scan import Scan
from scankin.retrieval.version import IndexVersion


@dataclass(frozen=True, eq=False)
class Candidates:
    """Who may answer one query.

    Attributes:
        index: Of the query's modality.
        allowed: ``[len(index)]``; False leaves a scan out. At least one is True.
        own_patients: Patients left out because they are, or may be, the query's own.
    """

    index: ScanIndex
    allowed: NDArray[np.bool_]
    own_patients: int


@dataclass(frozen=True, eq=False)
class Asked:
    """A query that may be answered.

    Attributes:
        scan: The query.
        question: What is asked about it.
        candidates: Who may answer.
        embedding: Of the query, ``[1, dim]``.
        earlier: Earlier scans of its patient with their embeddings, oldest first.
        notes: What was not used of those that were sent.
        compared: The patient's clinical facts beside those of the index; None unless facts were asked for.
    """

    scan: Scan
    question: Question
    candidates: Candidates
    embedding: Embeddings
    earlier: tuple[tuple[EarlierScan, Embeddings], ...] = ()
    notes: tuple[str, ...] = ()
    compared: Comparison | None = None


def likenesses_of(version: IndexVersion, asked: Asked) -> tuple[Likeness, ...]:
    """Return likeness in every respect that was asked for."""
    facts = () if asked.compared is None else (asked.compared.likeness,)
    return (*_time_likenesses(version, asked), *facts)


def _time_likenesses(version: IndexVersion, asked: Asked) -> tuple[Likeness, ...]:
    """Return likeness in days where any are stated, and of trajectories where an earlier scan was sent."""
    time, candidates = asked.question.time, asked.candidates
    serials = version.serials[asked.scan.modality]
    found = []
    if time.days.are_stated:
        found.append(days_likeness(time.days, serials.days, time.days_weight))
    if asked.earlier:
        cosines = [candidates.index.similarities(embedding).astype(np.float64) for _, embedding in asked.earlier]
        days = [one.days_before for one, _ in asked.earlier]
        course = trajectory_likeness(days, cosines, serials, candidates.allowed, time.trajectory_weight)
        found += [] if course is None else [course]
    return tuple(found)
