"""The part of a model card that states results, ready to paste: ``results.md``."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.covid import PRIMARY
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.run import PIXELS, RANDOM, SEVERITY, Evaluation
from scankin.index_build.evaluate.verdicts import said, verdicts
from scankin.retrieval.files import replaced
from scankin.retrieval.report import NOTICE

RESULTS = "results.md"


def write_results(evaluation: Evaluation, out: Path) -> Path:
    """Write ``results.md`` and return where."""
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / RESULTS, ("\n".join(_lines(evaluation)) + "\n").encode())
    return out / RESULTS


def who_asked(evaluation: Evaluation) -> str:
    """Return in words how many films ask, and how many only answer because the encoder was fitted on their patients."""
    sample = evaluation.sample
    kept = len(sample) - len(sample.asking)
    asking = f"{len(sample.asking):,} X-ray films of {len(np.unique(sample.people[sample.asking])):,} patients ask."
    if not kept:
        return f"{asking} The encoder was fitted on none of these patients, so far as is recorded."
    fitted = len(np.unique(sample.people[~sample.may_ask]))
    return f"{asking} {kept:,} films of {fitted:,} patients, on whom it was fitted, do not ask; they may answer."


def _lines(evaluation: Evaluation) -> Iterator[str]:
    encoder = evaluation.encoder
    yield "## Results"
    yield ""
    yield f"{who_asked(evaluation)} Intervals are 95 %, over patients. Encoder {encoder.name}, weights"
    yield f"{encoder.weights[:16]}; Scankin {version('scankin')}."
    yield ""
    yield f"**Primary figure, named before looking (T5, {PRIMARY}): {said(evaluation.primary)}.**"
    for scope in (*Scope.ALL, SEVERITY):
        found = evaluation.figures.get(scope)
        if found:
            yield ""
            yield f"### {scope.capitalize()}{': leaky, no claim rests on it' if scope == Scope.POOLED else ''}"
            yield ""
            yield "| figure | value | chance | random ranking | pixels | patients |"
            yield "|---|---|---|---|---|---|"
            for name, one in found.items():
                floors = " | ".join(_floor(evaluation, kind, scope, name) for kind in (RANDOM, PIXELS))
                yield f"| {name} | {_shown(one)} | {_chance(one)} | {floors} | {one.patients:,} |"
    if evaluation.against is not None:
        yield ""
        yield f"### Less {evaluation.against.name}, paired"
        yield ""
        yield "| scope | figure | difference |"
        yield "|---|---|---|"
        for scope, differences in evaluation.differences.items():
            for name, one in differences.items():
                yield f"| {scope} | {name} | {_shown(one)} |"
    yield ""
    yield "### Shortcut audit"
    yield ""
    yield "| test | asks | result | |"
    yield "|---|---|---|---|"
    for verdict in verdicts(evaluation):
        yield f"| {verdict.test} | {verdict.name} | {verdict.result} | {verdict.said} |"
    made = evaluation.shortcuts
    if made is not None:
        yield ""
        yield f"T1, T2 and T8 are of {made.films:,} films of {made.patients:,} adults, in turn from every source and"
        yield f"class; lungs were not found on {made.without_lungs:,}, which T1 and T2 leave out."
    yield ""
    yield NOTICE


def _floor(evaluation: Evaluation, kind: str, scope: str, name: str) -> str:
    found = evaluation.floors[kind].get(scope, {}).get(name)
    return "" if found is None else _shown(found)


def _shown(found: Figure) -> str:
    return said(found) if np.isfinite(found.value) else "not defined"


def _chance(found: Figure) -> str:
    return "" if found.chance is None else f"{found.chance:.3f}"
