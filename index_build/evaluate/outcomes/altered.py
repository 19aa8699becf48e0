"""Outcomes foretold from films encoded anew: from their lungs alone, and from all but the lungs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from scankin.index_build.evaluate.films import FRAME, LUNGS, LungFinder, altered_vectors
from scankin.index_build.evaluate.films import Progress as FilmProgress
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.folds import dealt, folds_needed, ordered
from scankin.index_build.evaluate.outcomes.neighbours import answered
from scankin.index_build.evaluate.outcomes.told import LOGISTIC, PRIMARY, Told, codes_of_asked, told
from scankin.index_build.evaluate.sample import Vectors
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.outcomes import all_outcomes

WHOLE, LUNGS_ONLY, FRAME_ONLY = "whole film", "lungs only", "frame only"


@dataclass(frozen=True, eq=False)
class Altered:
    """What whole and altered films of the same patients foretell, each kind asking an index of its own kind.

    Attributes:
        films: One a patient, the film that asks.
        without_lungs: Films left out because no lungs were found on them, or they could not be read.
        told: By outcome and kind; of the patients of whom every kind gave an estimate, in the same order. A
            regression is fitted too for outcomes of any time and the primary ones.
    """

    films: int
    without_lungs: int
    told: Mapping[str, Mapping[str, Told]] = field(repr=False)


def altered(
    cohort: OutcomeCohort,
    folder: Path,
    encoder: Encoder,
    lungs: LungFinder,
    *,
    films: int,
    workers: int,
    progress: FilmProgress,
    on_fold: Callable[[int, int | None], None] = lambda _done, _of: None,
) -> Altered:
    """Return what altered films foretell, at most so many encoded anew; their vectors stay in the casebook's cache."""
    rows = chosen(cohort, films)
    made = altered_vectors(
        folder, [cohort.records[row] for row in rows], encoder, lungs, workers=workers, progress=progress
    )
    keys = [cohort.records[row].scan for row in rows]
    has_both = np.array([all(key in made.by_kind[kind] for kind in (FRAME, LUNGS)) for key in keys], np.bool_)
    some = cohort.only(rows[has_both])
    vectors = {
        name: np.array([made.by_kind[kind][record.scan] for record in some.records], np.float32).reshape(len(some), -1)
        for name, kind in ((LUNGS_ONLY, LUNGS), (FRAME_ONLY, FRAME))
    }
    return foretold(some, vectors, without_lungs=int((~has_both).sum()), on_fold=on_fold)


def chosen(cohort: OutcomeCohort, films: int) -> Rows:
    """Return the films that are altered: first films of people in whom an outcome counts, evenly over all outcomes."""
    rows = cohort.firsts
    codes = codes_of_asked(all_outcomes(), cohort, rows)
    counts = (codes > 0).any(axis=1)
    rows, codes = rows[counts], codes[counts]
    order = ordered(codes, [cohort.records[row].patient for row in rows])
    if len(rows) > films:
        order = order[np.linspace(0, len(rows) - 1, films).round().astype(np.int64)]
    found: Rows = np.sort(rows[order])
    return found


def foretold(
    some: OutcomeCohort,
    vectors: Mapping[str, Vectors],
    *,
    without_lungs: int = 0,
    on_fold: Callable[[int, int | None], None] = lambda _done, _of: None,
) -> Altered:
    """Return what films foretell, whole and altered.

    Args:
        some: Films, one a person; its vectors are of the whole films.
        vectors: ``[n, dim]`` of the altered films, by kind.
        without_lungs: Films that are left out.
        on_fold: Told the folds done, and all.
    """
    outcomes = all_outcomes()
    rows = np.flatnonzero(some.may_ask)
    codes = codes_of_asked(outcomes, some, rows)
    folds = dealt(codes, [some.records[row].patient for row in rows], min(folds_needed(codes), max(len(rows), 1)))
    kinds = {WHOLE: some} | {name: replace(some, vectors=held) for name, held in vectors.items()}
    answers = {}
    for number, (kind, cohort) in enumerate(kinds.items()):
        on_fold(number, len(kinds))
        answers[kind] = answered(cohort, rows, folds)
    on_fold(len(kinds), len(kinds))
    found = {}
    for outcome in outcomes:
        is_judged = outcome.horizon_days is None or outcome.name in PRIMARY
        regressions = (LOGISTIC,) if is_judged else ()
        of_kind = {kind: told(outcome, kinds[kind], answers[kind], regressions) for kind in kinds}
        if all(one.refusal is None for one in of_kind.values()):
            common = set.intersection(*(set(one.rows.tolist()) for one in of_kind.values()))
            found[outcome.name] = {kind: one.only(np.isin(one.rows, list(common))) for kind, one in of_kind.items()}
    return Altered(len(some), without_lungs, found)
