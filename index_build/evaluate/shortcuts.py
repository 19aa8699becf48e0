"""The part of the shortcut audit that encodes pictures anew: T1 frame only, T2 lungs only, T8 a planted marker."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.covid import covid_across_balanced, stated_rows
from scankin.index_build.evaluate.films import (
    FRAME,
    LUNGS,
    MARKED,
    AlteredVectors,
    LungFinder,
    Progress,
    altered_vectors,
)
from scankin.index_build.evaluate.ranking import Rows, rank
from scankin.index_build.evaluate.sample import Sample, Vectors
from scankin.retrieval.encoder import Encoder

DEFAULT_FILMS = 600
_SEED = 23
_NEAREST = 10
FOLLOWED = 0.05
"""Of the AUC: more than this between a marker where it was and a marker swapped is to follow the marker."""
KEPT = 0.5
"""Of what the whole film gains over chance, the lungs alone must keep this share."""


@dataclass(frozen=True, eq=False)
class Shortcuts:
    """What altered pictures showed, all on the same films.

    Attributes:
        films, patients: Adults of whom COVID-19 is stated, taken in turn from every source and class.
        without_lungs: Films of them whose lungs were not found; they are left out of T1 and T2.
        refused: Films that could not be read or encoded.
        lungs: Name of what found the lungs.
        t1, t2: T5 of the whole film and of the altered one, and their paired difference.
        t8: T5 without a marker, with it where the class is, and swapped; and what it does to neighbours.
        examples: One altered film of each kind, PNG.
    """

    films: int
    patients: int
    without_lungs: int
    refused: int
    lungs: str
    t1: Mapping[str, Figure]
    t2: Mapping[str, Figure]
    t8: Mapping[str, Figure]
    examples: Mapping[str, tuple[bytes, ...]] = field(repr=False)

    @property
    def passes(self) -> dict[str, bool]:
        """Whether each test is passed by the rule that it states."""
        whole, frame, lungs = self.t1["whole film"], self.t1["frame only"], self.t2["lungs only"]
        return {
            "T1": frame.low <= 0.5,
            "T2": lungs.value - 0.5 >= KEPT * (self.t2["whole film"].value - 0.5) and whole.low > 0.5,
            "T8": self.t8["marker kept less marker swapped"].high <= FOLLOWED,
        }


def shortcuts(
    sample: Sample,
    folder: Path,
    encoder: Encoder,
    lungs: LungFinder,
    *,
    films: int = DEFAULT_FILMS,
    workers: int = 1,
    progress: Progress = lambda _done, _of: None,
) -> Shortcuts:
    """Return T1, T2 and T8 of some films, encoded anew by the encoder that made the sample's vectors."""
    some = sample.only(chosen(sample, films))
    made = altered_vectors(folder, some.records, encoder, lungs, workers=workers, progress=progress)
    return measured(some, made, lungs.name)


def measured(some: Sample, made: AlteredVectors, lungs: str) -> Shortcuts:
    """Return what the altered vectors of a sample's films show."""
    with_lungs, frame = _with(some, made, FRAME)
    _, only_lungs = _with(some, made, LUNGS)
    plain, marked = _with(some, made, MARKED)
    whole = covid_across_balanced(with_lungs)
    by_kind = {"frame only": covid_across_balanced(frame), "lungs only": covid_across_balanced(only_lungs)}
    t1, t2 = (
        {
            "whole film": whole.figure(),
            name: found.figure(),
            f"whole film less {name}": whole.less(found),
        }
        for name, found in by_kind.items()
    )
    return Shortcuts(
        films=len(some),
        patients=len(np.unique(some.people)),
        without_lungs=len(plain) - len(with_lungs),
        refused=len(made.refused),
        lungs=lungs,
        t1=t1,
        t2=t2,
        t8=planted(plain, marked.vectors),
        examples=made.examples,
    )


def planted(sample: Sample, marked: Vectors) -> dict[str, Figure]:
    """Return what a marker does (T8).

    Args:
        sample: Films without the marker.
        marked: ``[n, dim]`` vectors of the same films with it.
    """
    ill = (sample.covid == 1)[:, np.newaxis]
    on_ill = np.where(ill, marked, sample.vectors)
    on_well = np.where(ill, sample.vectors, marked)
    plain = covid_across_balanced(sample)
    kept = covid_across_balanced(replace(sample, vectors=on_ill))
    other = covid_across_balanced(replace(sample, vectors=on_well))
    swapped = covid_across_balanced(replace(sample, vectors=on_ill, asked_as=on_well))
    return {
        "no marker": plain.figure(),
        "marker on films with COVID-19": kept.figure(),
        "marker on films without": other.figure(),
        "marker swapped between index and queries": swapped.figure(),
        "marker kept less marker swapped": kept.less(swapped),
        "share of ten neighbours that stay when the query is marked": _overlap(sample, marked),
        "marked among ten neighbours: query marked less not": _drawn(
            replace(sample, vectors=on_ill), sample.vectors, marked
        ),
    }


def chosen(sample: Sample, films: int) -> Rows:
    """Return rows of adults of whom COVID-19 is stated, about so many: patients in turn from every source and class.

    So small sources are whole and large ones a draw, the same each time; of a patient all films are taken.
    """
    stated = stated_rows(sample)
    rng = np.random.default_rng(_SEED)
    cells: dict[tuple[int, int], list[int]] = {}
    for person in rng.permutation(np.unique(sample.people[stated])).tolist():
        first = stated[sample.people[stated] == person][0]
        cells.setdefault((int(sample.sources[first]), int(sample.covid[first])), []).append(person)
    taken: list[int] = []
    count = 0
    counts = dict(zip(*np.unique(sample.people[stated], return_counts=True), strict=True))
    while count < films and any(cells.values()):
        for cell in sorted(cells):
            if cells[cell] and count < films:
                taken.append(cells[cell].pop())
                count += int(counts[taken[-1]])
    return stated[np.isin(sample.people[stated], taken)]


def _with(some: Sample, made: AlteredVectors, kind: str) -> tuple[Sample, Sample]:
    """Return the films that have an alteration, as they are and altered."""
    rows = np.array([row for row, record in enumerate(some.records) if record.scan in made.by_kind[kind]], np.int64)
    plain = some.only(rows)
    vectors = np.array([made.by_kind[kind][record.scan] for record in plain.records], np.float32)
    return plain, replace(plain, vectors=vectors.reshape(plain.vectors.shape))


def _overlap(sample: Sample, marked: Vectors) -> Figure:
    before, after = _lists(sample), _lists(replace(sample, asked_as=marked))
    shares = [len(np.intersect1d(a, b)) / max(len(a), 1) for a, b in zip(before, after, strict=True)]
    return figure(mean_of(np.array(shares)), sample.people[sample.asking])


def _drawn(index: Sample, plain: Vectors, marked: Vectors) -> Figure:
    """Return how many more of the marked films a query draws for being marked itself, as a share of ten."""
    has_marker = index.covid == 1
    shares: list[NDArray[np.float64]] = [
        np.array([float(has_marker[rows].mean()) for rows in _lists(replace(index, asked_as=vectors))])
        for vectors in (marked, plain)
    ]
    return figure(mean_of(shares[0] - shares[1]), index.people[index.asking])


def _lists(sample: Sample) -> list[Rows]:
    everyone = np.arange(len(sample))
    return [ranked.rows for ranked in rank(sample, sample.asking, lambda _query: everyone, _NEAREST)]
