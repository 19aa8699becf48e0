"""Whether matching on days and on trajectories tells more of severity and outcome than the picture alone.

Usage: ``python benchmarks/time_matching.py CASEBOOK ENCODER``; an index must have been built with the encoder, so that
its vectors are cached. Every film of known days (or with an earlier film) asks all other people of the
casebook: by the picture alone, with the default weight and with four times as much. No weight is chosen by
what is found here. Differences are paired, drawn again by person. Then the change that a report expects of
two films of a patient is compared with the change that was read, and with saying that nothing changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.bootstrap import Statistic, auc_of, figure, mean_of
from scankin.index_build.evaluate.sample import Sample, load_sample
from scankin.models import load_encoder
from scankin.retrieval.case import Case, State
from scankin.retrieval.course.asked import DAYS_WEIGHT, TRAJECTORY_WEIGHT
from scankin.retrieval.course.change import measure_changes
from scankin.retrieval.course.days import QueryDays, days_likeness
from scankin.retrieval.course.serials import Serials
from scankin.retrieval.course.trajectory import trajectory_likeness
from scankin.retrieval.encoder import Embeddings
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.likeness import Likeness
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import cases_of
from scankin.retrieval.summaries import weights_of

PLAIN, TIMES = 0.0, (1, 4)
DEFAULTS = {"days": DAYS_WEIGHT, "trajectory": TRAJECTORY_WEIGHT}
NEAREST, FEWEST = 15, 20
OUTCOMES = ("died", "died_30d", "intensive_care", "intensive_care_30d")
Floats = NDArray[np.float64]
Told = list[tuple[float, float]]
"""What ``answer`` gave of every query."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What is to be told: a number, or 0 and 1, of every film; NaN where it is not known."""

    name: str
    values: Floats
    is_outcome: bool


@dataclass(frozen=True, eq=False)
class Query:
    """A film that asks: its row, its cosines to all, its likeness to all, and who may answer."""

    row: int
    cosines: Floats
    likeness: Floats
    allowed: NDArray[np.bool_]


def main(casebook: Path, encoder: str) -> None:
    """Print, for days and for trajectories, each figure with and without them, and how true the expected change is."""
    identity = load_encoder(encoder).identity
    sample = load_sample(casebook, identity)
    cases = {case.patient: case for case in cases_of(Casebook.load(casebook).tables["cases"])}
    index = ScanIndex.of(sample.records, Embeddings(sample.vectors, identity))
    serials = Serials(index, cases)
    truths = list(truths_of(sample, cases))
    for name, asked in (("days", by_days), ("trajectory", by_trajectory)):
        queries = list(asked(sample, serials))
        typer.echo(f"{name}: {len(queries)} films of {len({sample.people[one.row] for one in queries})} people ask.")
        typer.echo(f"Cosine of the first less that of the tenth: {spread(queries, sample):.3f} in the median.")
        for truth in truths:
            asking = [one for one in queries if np.isfinite(truth.values[one.row])]
            people = sample.people[[one.row for one in asking]]
            if len(set(people.tolist())) < FEWEST:
                continue
            plain = [answer(one, truth, sample.people, PLAIN) for one in asking]
            for weight in (DEFAULTS[name] * times for times in TIMES):
                tell(
                    truth,
                    (plain, [answer(one, truth, sample.people, weight) for one in asking]),
                    asking,
                    people,
                    weight,
                )
    for name in serials.measures:
        tell_change(name, sample, index, serials)


def tell_change(name: str, sample: Sample, index: ScanIndex, serials: Serials) -> None:
    """Print how true the expected change of a measure is, over all pairs of films of one person that were read."""
    values, pairs = serials.measures[name], serials.pairs
    is_read = np.isfinite(values[pairs.later]) & np.isfinite(values[pairs.earlier]) & (pairs.gaps > 0)
    askable = set(asking_rows(sample))
    rows = [place for place in np.flatnonzero(is_read).tolist() if int(pairs.later[place]) in askable]
    people, read, expected, inside = [], [], [], []
    for place in rows:
        later, earlier = int(pairs.later[place]), int(pairs.earlier[place])
        embeddings = [Embeddings(sample.vectors[[row]], index.encoder) for row in (later, earlier)]
        found = measure_changes(index, serials, *embeddings, allowed_to(sample, later))
        change = next((one for one in found if one.name == name), None)
        if change is not None and change.difference is not None and change.interval is not None:
            people.append(sample.people[later])
            read.append(values[later] - values[earlier])
            expected.append(change.difference)
            inside.append(float(change.interval[0] <= read[-1] <= change.interval[1]))
    if len(set(people)) < FEWEST // 2:
        return
    whose = np.array(people, np.int64)
    errors = np.abs(np.array(expected) - np.array(read))
    line(f"MAE of change, {name}", None, [mean_of(np.abs(np.array(read))), mean_of(errors)], whose)
    rho = figure(lambda some: float(spearmanr(np.array(expected)[some], np.array(read)[some]).statistic), whose)
    typer.echo(
        f"rank correlation of expected and read change {rho.value:.2f} [{rho.low:.2f}, {rho.high:.2f}]; "
        f"{np.mean(inside):.2f} of the changes read lie in the interval of what is expected."
    )


def spread(queries: list[Query], sample: Sample) -> float:
    """Return the median over queries of how far the cosines of the first and the tenth person are apart."""
    apart = []
    for one in queries:
        best = np.full(sample.people.max() + 1, -np.inf)
        np.maximum.at(best, sample.people[one.allowed], one.cosines[one.allowed])
        nearest = np.sort(best)[::-1]
        apart.append(nearest[0] - nearest[9])
    return float(np.median(apart))


def truths_of(sample: Sample, cases: dict[str, Case]) -> Iterator[Truth]:
    """Yield severity measures first, then outcomes, of every film."""
    for name in sorted({name for record in sample.records for name in record.measures}):
        values = [record.measures.get(name, np.nan) for record in sample.records]
        yield Truth(name, np.array(values, np.float64), is_outcome=False)
    codes = {State.HAPPENED: 1.0, State.DID_NOT_HAPPEN: 0.0}
    for outcome in all_outcomes():
        if outcome.name in OUTCOMES:
            states = [outcome.of(cases[record.patient], record.day) for record in sample.records]
            yield Truth(outcome.name, np.array([codes.get(state, np.nan) for state in states]), is_outcome=True)


def by_days(sample: Sample, serials: Serials) -> Iterator[Query]:
    """Yield the films whose days since an anchor are known and could be stated."""
    for row in asking_rows(sample):
        known = [None if np.isnan(day) else int(day) for day in serials.days[row]]
        if any(day is not None for day in known) and all(day is None or -365 <= day <= 3650 for day in known):
            yield query(sample, row, days_likeness(QueryDays(*known), serials.days, 1.0))


def by_trajectory(sample: Sample, serials: Serials) -> Iterator[Query]:
    """Yield the films that have an earlier one of their patient."""
    pairs = serials.pairs
    for row in asking_rows(sample):
        mine = np.flatnonzero((pairs.later == row) & (pairs.gaps > 0))
        cosines = [cosines_of(sample, int(earlier)) for earlier in pairs.earlier[mine]]
        allowed = allowed_to(sample, row)
        found = trajectory_likeness(pairs.gaps[mine].tolist(), cosines, serials, allowed, 1.0)
        if found is not None:
            yield query(sample, row, found)


def asking_rows(sample: Sample) -> list[int]:
    """Rows of adults whom the encoder was not fitted on."""
    return [int(row) for row in sample.asking if not sample.is_child[row]]


def query(sample: Sample, row: int, likeness: Likeness) -> Query:
    """Return a film that asks everybody but its own person."""
    return Query(row, cosines_of(sample, row), np.nan_to_num(likeness.values), allowed_to(sample, row))


def cosines_of(sample: Sample, row: int) -> Floats:
    """Return ``[n]``: of one film to all."""
    return np.einsum("ij,j->i", sample.vectors, sample.vectors[row]).astype(np.float64)


def allowed_to(sample: Sample, row: int) -> NDArray[np.bool_]:
    """Return ``[n]``: adults of other people."""
    return (sample.people != sample.people[row]) & ~sample.is_child


def answer(one: Query, truth: Truth, people: NDArray[np.int64], weight: float) -> tuple[float, float]:
    """Return the mean of the 15 nearest people of known truth, weighted by cosine, and the share of 10 like the query.

    NaN where nobody is known.
    """
    rows = np.flatnonzero(one.allowed & np.isfinite(truth.values))
    order = rows[np.argsort(-(one.cosines[rows] + weight * one.likeness[rows]), kind="stable")]
    _, first = np.unique(people[order], return_index=True)
    nearest = order[np.sort(first)][:NEAREST]
    if not nearest.size:
        return float("nan"), float("nan")
    values = truth.values[nearest]
    mean = float(np.average(values, weights=weights_of(one.cosines[nearest].tolist())))
    return mean, float((values[:10] == truth.values[one.row]).mean())


def loss(told: Told, truth: Truth, asking: list[Query]) -> Floats:
    """Return the absolute error of every answer."""
    return np.abs(np.array([mean for mean, _ in told]) - truth.values[[one.row for one in asking]])


def tell(truth: Truth, told: tuple[Told, Told], asking: list[Query], people: NDArray[np.int64], weight: float) -> None:
    """Print the figures by the picture alone and with the weight."""
    if not truth.is_outcome:
        line(f"MAE {truth.name}", weight, [mean_of(loss(one, truth, asking)) for one in told], people)
        return
    right = truth.values[[one.row for one in asking]].astype(np.int64)
    line(f"P@10 {truth.name}", weight, [mean_of(np.array([alike for _, alike in one])) for one in told], people)
    line(f"AUC {truth.name}", weight, [auc_of(np.array([mean for mean, _ in one]), right) for one in told], people)


def line(name: str, weight: float | None, statistics: list[Statistic], people: NDArray[np.int64]) -> None:
    """Print a figure by the picture alone (of a change: by saying there was none), the other, and how they differ."""
    plain, with_time = (statistic(np.arange(len(people))) for statistic in statistics)
    found = figure(lambda rows: statistics[1](rows) - statistics[0](rows), people, draws=2000)
    shown = name if weight is None else f"{name}, weight {weight:g}"
    typer.echo(
        f"{shown}: {plain:.3f} -> {with_time:.3f}, difference {found.value:+.3f} "
        f"[{found.low:+.3f}, {found.high:+.3f}], {found.queries} films of {found.patients} people"
    )


if __name__ == "__main__":
    typer.run(main)
