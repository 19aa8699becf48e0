"""The report of an evaluation: one HTML file, the honest figures first."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from scankin.index_build.evaluate import audit, drawings
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.covid import DRAWS_OF_POOLS, PRIMARY
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.gallery import data_uri, shelves
from scankin.index_build.evaluate.results import who_asked
from scankin.index_build.evaluate.run import PIXELS, RANDOM, SEVERITY, SHUFFLED, Evaluation
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.evaluate.verdicts import verdicts
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import environment_of, plots
from scankin.retrieval.report import NOTICE

PAGE = "report.html"
_MOST_POINTS = 1500
_MOST_PAIRS = 200_000
_LABELS = {1: "COVID-19", 0: "no COVID-19", -1: "not stated"}


def write_page(evaluation: Evaluation, out: Path, *, pictures: bool = True) -> Path:
    """Write the report and return where; without ``pictures`` it shows no film."""
    environment = environment_of(Path(__file__).parent)
    environment.filters["figure"] = shown
    sample = evaluation.sample
    times = audit.times_retrieved(sample, evaluation.near)
    made = evaluation.shortcuts
    text = environment.get_template("page.html.j2").render(
        evaluation=evaluation,
        encoder=evaluation.encoder,
        primary=PRIMARY,
        who_asked=who_asked(evaluation),
        joined=len(sample.joined),
        pairs=len(sample.duplicates),
        draws=DRAWS_OF_POOLS,
        sources=[(name, int((sample.sources == n).sum())) for n, name in enumerate(sample.source_names)],
        scopes=[(scope, evaluation.figures[scope]) for scope in Scope.ALL if evaluation.figures.get(scope)],
        scope=Scope,
        severity=evaluation.figures[SEVERITY],
        severity_scope=SEVERITY,
        floor_kinds=(RANDOM, PIXELS),
        shuffled=evaluation.floors[SHUFFLED][Scope.ACROSS],
        verdicts=verdicts(evaluation),
        hubness=audit.hubness(times),
        curves=[
            (scope, Markup(drawings.curves(f"Precision {scope}", found, of="neighbours", unit="precision")))
            for scope, found in evaluation.curves.items()
            if found
        ],
        similarities=Markup(drawings.densities("Similarities of pairs", similarities(sample), of="cosine similarity")),
        hubs=Markup(drawings.counts("Hubs", times, of="times among another's ten nearest", unit="films")),
        maps=_maps(sample),
        confusion=_confusion(evaluation),
        shelves=shelves(sample, evaluation.near) if pictures and sample.pictures else {},
        examples={kind: data_uri(png[0]) for kind, png in made.examples.items() if png} if made and pictures else {},
        verdict=verdict(evaluation),
        notice=NOTICE,
        version=version("scankin"),
    )
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / PAGE, text.encode())
    return out / PAGE


def verdict(evaluation: Evaluation) -> str:
    """Return in words whether the encoder tells COVID-19 across sources, and whether it tells the source."""
    found = evaluation.primary
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


def similarities(sample: Sample) -> dict[str, NDArray[np.float64]]:
    """Return cosines of pairs of films of different people, by whether they show the same and are of one source.

    Of many films a draw of pairs, the same each time; films that show nothing stated are left out.
    """
    rng = np.random.default_rng(0)
    labelled = np.flatnonzero([bool(found) for found in sample.findings])
    pairs = rng.choice(labelled, (_MOST_PAIRS, 2)) if len(labelled) else np.empty((0, 2), np.int64)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    a, b = pairs[sample.people[pairs[:, 0]] != sample.people[pairs[:, 1]]].T
    cosines = np.einsum("ij,ij->i", sample.vectors[a], sample.vectors[b]).astype(np.float64)
    number_of = {found: number for number, found in enumerate(sorted(set(sample.findings), key=sorted))}
    codes = np.array([number_of[found] for found in sample.findings])
    same_findings, same_source = codes[a] == codes[b], sample.sources[a] == sample.sources[b]
    return {
        "same findings, same source": cosines[same_findings & same_source],
        "same findings, other source": cosines[same_findings & ~same_source],
        "other findings, same source": cosines[~same_findings & same_source],
        "other findings, other source": cosines[~same_findings & ~same_source],
    }


def _maps(sample: Sample) -> list[tuple[str, Markup]]:
    """Return the first two principal components, coloured by label and by source."""
    rows = np.arange(len(sample))
    if len(rows) > _MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_POINTS, replace=False))
    points = _plane(sample.vectors[rows].astype(np.float64))
    labels = [_LABELS[int(value)] for value in sample.covid[rows]]
    sources = [sample.source_names[number] for number in sample.sources[rows]]
    kinds = {"By label": labels, "By source": sources}
    return [(name, Markup(plots.scatter(name, points, groups))) for name, groups in kinds.items()]


def _plane(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ axes[:, ::-1][:, :2])


def _confusion(evaluation: Evaluation) -> Markup:
    names = evaluation.sample.source_names
    shares = audit.confusion(evaluation.sample, evaluation.near)
    return Markup(plots.heat_map("Sources among ten neighbours", names, names, shares))
