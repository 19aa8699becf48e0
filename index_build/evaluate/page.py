"""The report of an evaluation: one HTML file, the honest figures first."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.run import NOT_DONE, Evaluation
from scankin.index_build.evaluate.sample import Sample
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import environment_of, plots
from scankin.retrieval.report import NOTICE

PAGE = "report.html"
_MOST_POINTS = 1500
_LABELS = {1: "COVID-19", 0: "no COVID-19", -1: "not stated"}


def write_page(evaluation: Evaluation, out: Path) -> Path:
    """Write the report and return where."""
    environment = environment_of(Path(__file__).parent)
    environment.filters["figure"] = shown
    sample = evaluation.sample
    text = environment.get_template("page.html.j2").render(
        encoder=evaluation.encoder,
        against=evaluation.against,
        films=len(sample),
        groups=len(np.unique(sample.people)),
        joined=len(sample.joined),
        sources=[(name, int((sample.sources == n).sum())) for n, name in enumerate(sample.source_names)],
        scopes=[(scope, evaluation.figures[scope]) for scope in Scope.ALL if evaluation.figures.get(scope)],
        pooled=Scope.POOLED,
        severity=evaluation.figures["severity"],
        differences=evaluation.differences,
        probes=evaluation.probes,
        overlaps=evaluation.overlaps,
        floors=evaluation.floors,
        strata=evaluation.strata,
        again=evaluation.re_identification,
        hubness=evaluation.hubness,
        not_done=", ".join(NOT_DONE),
        maps=_maps(sample),
        confusion=_confusion(evaluation),
        verdict=verdict(evaluation),
        notice=NOTICE,
        version=version("scankin"),
    )
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / PAGE, text.encode())
    return out / PAGE


def verdict(evaluation: Evaluation) -> str:
    """Return in words whether the encoder tells COVID-19 across sources, and whether it tells the source."""
    found = evaluation.figures[Scope.ACROSS]["COVID-19 AUC, balanced pools"]
    told = "tells" if found.low > 0.5 else "is not shown to tell"
    vote = next(iter(evaluation.probes.values()))
    return (
        f"Across sources it {told} COVID-19: AUC {shown(found)}. "
        f"It tells the source in {vote.value:.0%} of films (the largest source is {vote.chance or 0:.0%} of them)."
    )


def shown(found: Figure) -> str:
    """Return a figure with its interval and who it is of."""
    if not np.isfinite(found.value):
        return "not defined"
    return (
        f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], {found.queries:,} films of {found.patients:,} patients"
    )


def _maps(sample: Sample) -> list[Markup]:
    """Return the first two principal components, coloured by label and by source."""
    rows = np.arange(len(sample))
    if len(rows) > _MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_POINTS, replace=False))
    points = _plane(sample.vectors[rows].astype(np.float64))
    labels = [_LABELS[int(value)] for value in sample.covid[rows]]
    sources = [sample.source_names[number] for number in sample.sources[rows]]
    return [Markup(plots.scatter("by label", points, labels)), Markup(plots.scatter("by source", points, sources))]


def _plane(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ axes[:, ::-1][:, :2])


def _confusion(evaluation: Evaluation) -> Markup:
    names = evaluation.sample.source_names
    return Markup(plots.heat_map("Sources among ten neighbours", names, names, evaluation.confusion))
