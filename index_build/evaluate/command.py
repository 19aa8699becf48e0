"""What ``scankin-index evaluate`` does: load, measure, encode anew where asked, and write all of it."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.clock import Clocked, clocked
from scankin.index_build.evaluate.films import LungFinder, Progress
from scankin.index_build.evaluate.metrics import write_metrics
from scankin.index_build.evaluate.page import verdict, write_page
from scankin.index_build.evaluate.results import write_results
from scankin.index_build.evaluate.round_trips import round_trips
from scankin.index_build.evaluate.run import evaluate
from scankin.index_build.evaluate.sample import load_pair
from scankin.index_build.evaluate.shortcuts import shortcuts
from scankin.index_build.lists import ids_of
from scankin.models import fitted_list, load_encoder
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.records import cases_of

AUDITS = ("full", "quick")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Asked:
    """What is to be evaluated, and how far.

    Attributes:
        encoder, against: Names.
        weights: Of the encoder; None: those of its package.
        fitted: File of the encoder's card: SHA-256 (hex) of the source's id of every film that it was fitted on, one a
            line; None: the list that comes with shipped weights, if any.
        is_full: Whether films are read and encoded anew.
        reencode: How many, about, for T1, T2 and T8.
        pictures: Whether the page shows films.
    """

    encoder: str
    against: str | None
    weights: Path | None
    fitted: Path | None
    is_full: bool
    reencode: int
    pictures: bool


def evaluate_casebook(casebook: Path, out: Path, asked: Asked, *, workers: int, progress: Progress) -> tuple[str, Path]:
    """Evaluate an encoder on a casebook, write what was found, and return it in a sentence, and where the page is."""
    encoder = load_encoder(asked.encoder, asked.weights)
    rival = None if asked.against is None else load_encoder(asked.against).identity
    sample, theirs = load_pair(casebook, encoder.identity, rival, is_named_in(_lists(asked)))
    found = evaluate(sample, encoder.identity, None if theirs is None or rival is None else (theirs, rival))
    found = replace(found, clocked=_clocked(casebook))
    if asked.is_full:
        made = shortcuts(
            sample, casebook, encoder, lung_finder(), films=asked.reencode, workers=workers, progress=progress
        )
        trips = round_trips(sample, casebook, encoder, workers=workers, progress=progress)
        found = replace(found, shortcuts=made, round_trips=trips)
    write_metrics(found, out)
    write_results(found, out)
    return verdict(found), write_page(found, out, pictures=asked.pictures)


def _lists(asked: Asked) -> list[Path]:
    """Return the lists of films fitted on: the one named, and those that come with shipped weights."""
    shipped = [] if asked.weights is not None or asked.fitted is not None else [fitted_list(asked.encoder)]
    rivals = [] if asked.against is None else [fitted_list(asked.against)]
    return [path for path in (asked.fitted, *shipped, *rivals) if path is not None]


def is_named_in(lists: Sequence[Path]) -> Callable[[str], bool]:
    """Return whether a list names the source's own id of a film; the lists hold hashes, not ids.

    Raises:
        CasebookError: A list cannot be read, or a line is no hash.
    """
    hashes = set()
    for path in lists:
        for line in ids_of(path):
            if not _HASH.fullmatch(line):
                raise CasebookError(f"{path.name}: {line[:20]!r} is no SHA-256. Write 64 hex digits a line.")
            hashes.add(line)
    return lambda source_id: hashlib.sha256(source_id.encode()).hexdigest() in hashes


def lung_finder() -> LungFinder:
    """Return what finds lungs, named by its weights."""
    from scankin.models.lungs import lung_mask  # noqa: PLC0415 - only where films are encoded anew
    from scankin.models.lungs.locate import weights_sha256  # noqa: PLC0415

    return LungFinder(weights_sha256()[:16], lung_mask)


def _clocked(casebook: Path) -> Clocked:
    tables = Casebook.load(casebook).tables
    scans = zip(tables["scans"]["patient"].to_pylist(), tables["scans"]["day"].to_pylist(), strict=True)
    return clocked({case.patient: case for case in cases_of(tables["cases"])}, scans)
