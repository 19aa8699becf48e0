"""The figures of an evaluation as files: ``metrics.json``, ``splits.json`` and ``duplicates.csv``, keys only."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scankin.index_build.duplicates.listing import DUPLICATES, as_csv
from scankin.index_build.evaluate import audit
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.covid import PRIMARY
from scankin.index_build.evaluate.figures import Scope
from scankin.index_build.evaluate.run import Evaluation
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.evaluate.verdicts import verdicts
from scankin.retrieval.files import replaced
from scankin.retrieval.report import NOTICE

METRICS_SCHEMA = "scankin.evaluation/2"
METRICS, SPLITS = "metrics.json", "splits.json"


def write_metrics(evaluation: Evaluation, out: Path) -> None:
    """Write ``metrics.json``, ``duplicates.csv`` and ``splits.json``: whose patients never answer for each other."""
    out.mkdir(parents=True, exist_ok=True)
    splits = groups_of(evaluation.sample)
    data = json.dumps(splits, indent=1, sort_keys=True).encode()
    replaced(out / SPLITS, data)
    replaced(out / DUPLICATES, as_csv(evaluation.sample.duplicates).encode())
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
        "primary": {"test": "T5", "scope": Scope.ACROSS, "name": PRIMARY, **evaluation.primary.as_json()},
        "leaky_scopes": [Scope.POOLED],
        "films": len(sample),
        "groups": len(np.unique(sample.people)),
        "joined_patients": len(sample.joined),
        "queries": {"may_ask": len(sample.asking), "fitted_on_so_only_answer": len(sample) - len(sample.asking)},
        "sources": {name: int((sample.sources == n).sum()) for n, name in enumerate(sample.source_names)},
        "figures": _nested(evaluation.figures),
        "floors": {kind: _nested(found) for kind, found in evaluation.floors.items()},
        "differences": _nested(evaluation.differences),
        "precision_curves": {
            scope: {kind: [round(float(value), 4) for value in curve] for kind, curve in found.items()}
            for scope, found in evaluation.curves.items()
        },
        "audit": _audit(evaluation),
        "hubness": audit.hubness(audit.times_retrieved(sample, evaluation.near)),
        "notice": NOTICE,
    }


def _audit(evaluation: Evaluation) -> dict[str, Any]:
    made, trips, clocked = evaluation.shortcuts, evaluation.round_trips, evaluation.clocked
    found: dict[str, Any] = {
        "verdicts": {
            one.test: {"name": one.name, "result": one.result, "said": one.said} for one in verdicts(evaluation)
        },
        "T3": _plain(evaluation.probes),
        "T4": _nested(evaluation.within),
        "T6": {"lists_with_own_patient": evaluation.overlaps},
        "T7": {
            "patients_joined_by_picture": len(evaluation.sample.joined),
            "pairs_of_films": len(evaluation.sample.duplicates),
        },
        "T11": _nested(evaluation.strata) | {"across sources, leaving one out": _plain(evaluation.without)},
        "T12": evaluation.re_identification.as_json(),
    }
    if made is not None:
        counts = {"films": made.films, "patients": made.patients, "refused": made.refused, "lungs": made.lungs}
        found["re_encoded"] = counts | {"without_lungs": made.without_lungs}
        found |= {"T1": _plain(made.t1), "T2": _plain(made.t2), "T8": _plain(made.t8)}
    if trips is not None:
        found["T13"] = {
            name: {
                "overlap": trip.overlap.as_json(),
                "films": trip.films,
                "identical_lists": trip.identical,
                "equal_pictures": trip.equal,
                "equal_pictures_with_identical_lists": trip.equal_and_identical,
                "is_lossless": trip.is_lossless,
            }
            for name, trip in trips.items()
        }
    if clocked is not None:
        found["T10"] = vars(clocked)
    return found


def _plain(found: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: one.as_json() for name, one in found.items()}


def _nested(found: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Any]]:
    return {kind: _plain(named) for kind, named in found.items()}
