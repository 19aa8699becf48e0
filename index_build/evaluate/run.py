"""Evaluates one encoder on a casebook, beside another where one is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate import audit, covid
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.clock import Clocked
from scankin.index_build.evaluate.figures import Asked, Measured, Scope
from scankin.index_build.evaluate.precision import asked_of, measured, strata, without_each_source
from scankin.index_build.evaluate.ranking import Ranked
from scankin.index_build.evaluate.round_trips import RoundTrip
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.evaluate.severity import severity
from scankin.index_build.evaluate.shortcuts import Shortcuts
from scankin.retrieval.encoder import EncoderIdentity

SEVERITY = "severity"
RANDOM, PIXELS, SHUFFLED = "random ranking", "pixels", "shuffled labels"
BY_WEBSITE = "COVID-19 AUC, by website"

Figures = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found of one encoder.

    Attributes:
        encoder: Which.
        sample: Its films and vectors.
        figures: Figures of retrieval, COVID-19 and severity by scope and name.
        floors: The same of a random ranking and of pixels, and T5 with shuffled labels, by kind, scope and name (T9).
        curves: Precision at 1 to 50 by scope: the encoder, both floors and chance, each ``[50]``.
        within: T4 of each source, and of each website within a source, that holds both classes.
        probes: T3.
        near: The ten nearest of each query.
        strata: T11.
        without: P@5 across sources with each source's queries left out.
        re_identification: T12.
        differences: Against the other encoder, by scope and name; empty when there is none.
        against: The other encoder.
        shortcuts: T1, T2, T8; None: not done.
        round_trips: T13 by way of storing; None: not done.
        clocked: T10; None: not done.
    """

    encoder: EncoderIdentity
    sample: Sample
    figures: Figures
    floors: Mapping[str, Figures]
    curves: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(repr=False)
    within: Mapping[str, Mapping[str, Figure]]
    probes: Mapping[str, Figure]
    near: list[Ranked] = field(repr=False)
    strata: Figures
    without: Mapping[str, Figure]
    re_identification: Figure
    differences: Figures
    against: EncoderIdentity | None = None
    shortcuts: Shortcuts | None = None
    round_trips: Mapping[str, RoundTrip] | None = None
    clocked: Clocked | None = None

    @property
    def primary(self) -> Figure:
        """T5: the figure that a claim rests on, named before looking."""
        return self.figures[Scope.ACROSS][covid.PRIMARY]

    @property
    def overlaps(self) -> int:
        """Lists that hold the query's own person (T6)."""
        return audit.overlaps(self.sample, self.near)


def evaluate(
    sample: Sample, encoder: EncoderIdentity, other: tuple[Sample, EncoderIdentity] | None = None
) -> Evaluation:
    """Measure an encoder on a sample; ``other`` holds the same films with another encoder's vectors.

    Differences are this encoder's figure less the other's, on the same patients drawn again together.
    """
    rivals = {RANDOM: sample.with_vectors(audit.noise(sample)), PIXELS: sample.with_vectors(sample.pixels)}
    asked = _asked(sample)
    mine = _all_figures(sample, asked)
    asked_floors = {kind: _asked(rival) for kind, rival in rivals.items()}
    floors = {kind: _drawn(_all_figures(rivals[kind], asked_floors[kind])) for kind in rivals}
    floors[SHUFFLED] = _drawn({Scope.ACROSS: audit.shuffled_labels(sample)})
    differences: dict[str, dict[str, Figure]] = {}
    if other is not None:
        theirs = _all_figures(other[0], _asked(other[0]))
        for scope, found in mine.items():
            for name, one in found.items():
                if name in theirs.get(scope, {}):
                    differences.setdefault(scope, {})[name] = one.less(theirs[scope][name])
    near = audit.nearest(sample)
    return Evaluation(
        encoder=encoder,
        sample=sample,
        figures=_drawn(mine),
        floors=floors,
        curves={scope: _curves(scope, {encoder.name: asked, **asked_floors}) for scope in Scope.ALL},
        within=_within(sample),
        probes=audit.source_probes(sample, near),
        near=near,
        strata=strata(sample, asked[Scope.POOLED]),
        without=without_each_source(sample, asked[Scope.ACROSS]),
        re_identification=audit.re_identification(sample),
        differences=differences,
        against=None if other is None else other[1],
    )


def _asked(sample: Sample) -> dict[str, Asked]:
    return {scope: asked_of(sample, scope) for scope in Scope.ALL}


def _all_figures(sample: Sample, asked: Mapping[str, Asked]) -> dict[str, dict[str, Measured]]:
    found = {scope: dict(measured(sample, asked[scope])) for scope in Scope.ALL}
    scores = covid.balanced_scores(sample)
    found[Scope.ACROSS] = {
        covid.PRIMARY: covid.covid_across_balanced(sample, scores),
        "COVID-19 F1, balanced pools": covid.f1_of(sample, scores),
        "COVID-19 AUC, linear probe": covid.linear_across(sample),
        **found[Scope.ACROSS],
    }
    within = {"COVID-19 AUC": covid.covid_within(sample, covid.units_of(sample, by_origin=False))}
    if sample.origins:
        within[BY_WEBSITE] = covid.covid_within(sample, covid.units_of(sample, by_origin=True))
    found[Scope.WITHIN] = within | found[Scope.WITHIN]
    pooled = {"COVID-19 AUC": covid.covid_pooled(sample), "COVID-19 AUC, linear probe": covid.linear_pooled(sample)}
    found[Scope.POOLED] = pooled | found[Scope.POOLED]
    found[SEVERITY] = {f"MAE {name}": one for name, one in severity(sample).items()}
    return found


def _within(sample: Sample) -> dict[str, Mapping[str, Figure]]:
    names = [sample.source_names[number] for number in sample.sources]
    found = {"source": covid.covid_of_each(sample, covid.units_of(sample, by_origin=False), lambda row: names[row])}
    if sample.origins:
        units = covid.units_of(sample, by_origin=True)
        found["website"] = covid.covid_of_each(sample, units, lambda row: f"{names[row]}: {sample.origins[row]}")
    return found


def _curves(scope: str, asked: Mapping[str, Mapping[str, Asked]]) -> dict[str, NDArray[np.float64]]:
    curves = {}
    for kind, of_kind in asked.items():
        columns = of_kind[scope].columns
        if len(of_kind[scope].queries):
            answered = np.isfinite(columns["curve"])
            total = np.where(answered, columns["curve"], 0).sum(axis=0)
            curves[kind] = np.where(answered.any(axis=0), total / np.maximum(answered.sum(axis=0), 1), np.nan)
            curves["chance"] = np.full(len(curves[kind]), float(columns["chance"].mean()))
    return curves


def _drawn(found: Mapping[str, Mapping[str, Measured]]) -> dict[str, dict[str, Figure]]:
    return {scope: {name: one.figure() for name, one in of_scope.items()} for scope, of_scope in found.items()}
