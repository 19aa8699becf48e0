"""Evaluates one encoder on a casebook, beside another where one is named, and writes what was found."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate import audit
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.figures import (
    Measured,
    Scope,
    covid_across_balanced,
    covid_in_scope,
    retrieval,
    severity,
)
from scankin.index_build.evaluate.sample import Sample
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.files import replaced
from scankin.retrieval.report import NOTICE

METRICS_SCHEMA = "scankin.evaluation/1"
METRICS, SPLITS = "metrics.json", "splits.json"
NOT_DONE = ("T1", "T2", "T8", "T10", "T13", "T14", "T15")
"""Tests that need pictures encoded anew, or what this index does not have yet."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found of one encoder.

    Attributes:
        encoder: Which.
        sample: Its films and vectors.
        figures: Figures of retrieval, COVID-19 and severity by scope and name.
        probes: T3.
        overlaps: T6.
        floors: T9, by kind and name.
        strata: T11.
        re_identification: T12.
        hubness: Two numbers.
        confusion: Sources among neighbours.
        differences: Against the other encoder, by scope and name; empty when there is none.
        against: The other encoder.
    """

    encoder: EncoderIdentity
    sample: Sample
    figures: Mapping[str, Mapping[str, Figure]]
    probes: Mapping[str, Figure]
    overlaps: int
    floors: Mapping[str, Mapping[str, Figure]]
    strata: Mapping[str, Mapping[str, Figure]]
    re_identification: Figure
    hubness: Mapping[str, float]
    confusion: NDArray[np.float64]
    differences: Mapping[str, Mapping[str, Figure]]
    against: EncoderIdentity | None = None


def evaluate(
    sample: Sample, encoder: EncoderIdentity, other: tuple[Sample, EncoderIdentity] | None = None
) -> Evaluation:
    """Measure an encoder on a sample; ``other`` holds the same films with another encoder's vectors.

    Differences are this encoder's figure less the other's, on the same patients drawn again together.
    """
    mine = _all_figures(sample)
    differences: dict[str, dict[str, Figure]] = {}
    if other is not None:
        theirs = _all_figures(other[0])
        for scope, found in mine.items():
            for name, measured in found.items():
                rival = theirs.get(scope, {}).get(name)
                if rival is not None:
                    differences.setdefault(scope, {})[name] = measured.less(rival)
    near = audit.nearest(sample)
    return Evaluation(
        encoder=encoder,
        sample=sample,
        figures={scope: {name: m.figure() for name, m in found.items()} for scope, found in mine.items()},
        probes=audit.source_probes(sample, near),
        overlaps=audit.overlaps(sample, near),
        floors={kind: {n: m.figure() for n, m in found.items()} for kind, found in audit.floors(sample).items()},
        strata=audit.strata(sample),
        re_identification=audit.re_identification(sample),
        hubness=audit.hubness(sample, near),
        confusion=audit.confusion(sample, near),
        differences=differences,
        against=None if other is None else other[1],
    )


def write_metrics(evaluation: Evaluation, out: Path) -> None:
    """Write ``metrics.json`` and ``splits.json``: the groups of patients that never answer for each other."""
    out.mkdir(parents=True, exist_ok=True)
    splits = groups_of(evaluation.sample)
    data = json.dumps(splits, indent=1, sort_keys=True).encode()
    replaced(out / SPLITS, data)
    raw = as_json(evaluation) | {"splits_sha256": hashlib.sha256(data).hexdigest()}
    replaced(out / METRICS, json.dumps(raw, indent=1).encode())


def groups_of(sample: Sample) -> dict[str, int]:
    """Return the group of every patient (key): patients with a picture in common are one group."""
    return {record.patient: int(person) for record, person in zip(sample.records, sample.people, strict=True)}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return all figures as plain JSON values."""
    sample = evaluation.sample
    return {
        "schema": METRICS_SCHEMA,
        "encoder": vars(evaluation.encoder),
        "against": evaluation.against and vars(evaluation.against),
        "films": len(sample),
        "groups": len(np.unique(sample.people)),
        "joined_patients": len(sample.joined),
        "sources": {name: int((sample.sources == n).sum()) for n, name in enumerate(sample.source_names)},
        "figures": _nested(evaluation.figures),
        "differences": _nested(evaluation.differences),
        "audit": {
            "T3": {name: found.as_json() for name, found in evaluation.probes.items()},
            "T6": {"lists_with_own_patient": evaluation.overlaps},
            "T7": {"patients_joined_by_picture": len(sample.joined)},
            "T9": _nested(evaluation.floors),
            "T11": _nested(evaluation.strata),
            "T12": evaluation.re_identification.as_json(),
            "not_done": list(NOT_DONE),
        },
        "hubness": dict(evaluation.hubness),
        "notice": NOTICE,
    }


def _all_figures(sample: Sample) -> dict[str, dict[str, Measured]]:
    found = {scope: dict(retrieval(sample, scope)) for scope in Scope.ALL}
    for scope in (Scope.WITHIN, Scope.POOLED):
        found[scope]["COVID-19 AUC"] = covid_in_scope(sample, scope)
    found[Scope.ACROSS]["COVID-19 AUC, balanced pools"] = covid_across_balanced(sample)
    found["severity"] = {f"MAE {name}": measured for name, measured in severity(sample).items()}
    return found


def _nested(found: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Any]]:
    return {kind: {name: one.as_json() for name, one in named.items()} for kind, named in found.items()}
