"""Figures of retrieval over finding sets (Musgrave et al. 2020): relevant is who shows exactly the same findings."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.figures import Asked, Measured, pool_in
from scankin.index_build.evaluate.ranking import rank
from scankin.index_build.evaluate.sample import Sample

CURVE = 50
"""Places of the precision curve."""
FEWEST = 20
"""Queries of a stratum of which a figure is given."""


def retrieval(sample: Sample, scope: str) -> Mapping[str, Measured]:
    """Return the figures over finding sets.

    Queries whose film shows nothing stated, and those to whom nobody in the pool is relevant, are not asked.
    """
    return measured(sample, asked_of(sample, scope))


def measured(sample: Sample, asked: Asked) -> Mapping[str, Measured]:
    """Return the figures of what single queries gave; of precision, chance is the share who are relevant."""
    if not len(asked.queries):
        return {}
    people, chance = sample.people[asked.queries], float(asked.columns["chance"].mean())
    return {
        name: Measured(mean_of(values), asked.queries, people, chance if name.startswith("P@") else None)
        for name, values in asked.columns.items()
        if name not in ("chance", "curve")
    }


def asked_of(sample: Sample, scope: str, only: NDArray[np.bool_] | None = None) -> Asked:
    """Return the figures over finding sets of each query; ``only`` ``[n]`` says which films ask, None: all that may.

    The column ``curve`` ``[queries, 50]`` holds the precision at each place, NaN beyond those who answered.
    """
    sets = sorted(set(sample.findings), key=sorted)
    number_of = {one: number for number, one in enumerate(sets)}
    shown = np.array([number_of[one] for one in sample.findings])
    alike = np.array([[_jaccard(one, other) for other in sets] for one in sets])
    labelled = np.array([row for row, found in enumerate(sample.findings) if found], np.int64)
    asking = sample.may_ask if only is None else sample.may_ask & only
    asked: list[dict[str, float | NDArray[np.float64]]] = []
    rows = []
    for ranked in rank(sample, labelled[asking[labelled]], pool_in(sample, scope, labelled)):
        relevant = (shown[ranked.rows] == shown[ranked.query]).astype(np.float64)
        if relevant.sum() == 0:
            continue
        asked.append(_of_query(relevant, alike[shown[ranked.query], shown[ranked.rows]]))
        rows.append(ranked.query)
    columns = {name: np.array([one[name] for one in asked]) for name in (asked[0] if asked else ())}
    return Asked(np.array(rows, np.int64), columns)


def strata(sample: Sample, asked: Asked) -> Mapping[str, Mapping[str, Figure]]:
    """Return P@5 of what queries gave by projection, sex, age band, age group and source (T11)."""
    kinds = {
        "projection": [record.view.value if record.view else "not stated" for record in sample.records],
        "sex": [record.sex.value if record.sex else "not stated" for record in sample.records],
        "age": [record.age_band or "not stated" for record in sample.records],
        "age group": ["child" if is_child else "adult, or age not stated" for is_child in sample.is_child],
        "source": [sample.source_names[number] for number in sample.sources],
    }
    found: dict[str, dict[str, Figure]] = {}
    for kind, values in kinds.items():
        column = np.array(values)[asked.queries]
        for value in sorted(set(values)):
            at = np.flatnonzero(column == value)
            if len(at) >= FEWEST:
                chance = float(asked.columns["chance"][at].mean())
                people = sample.people[asked.queries[at]]
                found.setdefault(kind, {})[value] = figure(mean_of(asked.columns["P@5"][at]), people, chance=chance)
    return found


def without_each_source(sample: Sample, asked: Asked) -> Mapping[str, Figure]:
    """Return P@5 across sources with the queries of one source left out, for each: no figure rests on one source."""
    found = {}
    for number, name in enumerate(sample.source_names):
        at = np.flatnonzero(sample.sources[asked.queries] != number)
        if FEWEST <= len(at) < len(asked.queries):
            found[f"without {name}"] = figure(mean_of(asked.columns["P@5"][at]), sample.people[asked.queries[at]])
    return found


def _of_query(relevant: NDArray[np.float64], gains: NDArray[np.float64]) -> dict[str, float | NDArray[np.float64]]:
    total = int(relevant.sum())
    hits = np.cumsum(relevant)
    places = np.arange(1, len(relevant) + 1)
    first = int(np.argmax(relevant)) + 1
    discounts = 1 / np.log2(np.arange(2, 12))
    top = gains[:10]
    ideal = np.sort(gains)[::-1][:10]
    curve = np.full(CURVE, np.nan)
    curve[: len(relevant)] = (hits / places)[:CURVE]
    return {
        **{f"P@{k}": float(relevant[:k].mean()) for k in (1, 5, 10)},
        "MAP@R": float((relevant[:total] * hits[:total] / places[:total]).sum() / total),
        "R-precision": float(relevant[:total].mean()),
        "MRR": 1 / first,
        "nDCG@10": float((top * discounts[: len(top)]).sum() / max((ideal * discounts[: len(ideal)]).sum(), 1e-12)),
        "chance": total / len(relevant),
        "curve": curve,
    }


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 0.0
