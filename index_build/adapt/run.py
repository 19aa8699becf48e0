"""Fits a head, measures on patients outside each fit what it gains, and writes it as an encoder's weights."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.adapt.head import FEWEST_FILMS, Head, fit_head
from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.audit import nearest, source_votes
from scankin.index_build.evaluate.bootstrap import Figure, auc_of, mean_of
from scankin.index_build.evaluate.covid import balanced_scores
from scankin.index_build.evaluate.figures import Measured, Scope
from scankin.index_build.evaluate.precision import asked_of
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.fitted import record_fit
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced
from scankin.retrieval.report import NOTICE

HEAD, RESULTS = "head.npz", "adapt.json"
FOLDS = 4
DETAILS = (0.0, 0.5, 1.0)
_SEED = 5


@dataclass(frozen=True)
class Gain:
    """One figure before and after, on patients who were not in the fit.

    Attributes:
        base, adapted: The figure.
        difference: Adapted less base, paired.
    """

    base: Figure
    adapted: Figure
    difference: Figure


@dataclass(frozen=True)
class Adaptation:
    """A fitted head and what it gains.

    Attributes:
        head: Fitted on all films.
        detail: Chosen by P@1 within and across sources on the inner folds.
        gains: By name.
    """

    head: Head
    detail: float
    gains: Mapping[str, Gain]


def adapt(sample: Sample) -> Adaptation:
    """Return the head of a sample, its one setting chosen and its gain measured by four folds of patients.

    The setting is chosen on the same folds that the gain is measured on; of three values, that flatters little.

    Raises:
        CasebookError: Fewer than two finding sets are shown by enough films.
    """
    classes = classes_of(sample)
    if len(np.unique(classes[classes >= 0])) < 2:
        raise CasebookError(f"A head needs two finding sets of at least {FEWEST_FILMS} films each.")
    folds = folds_of(sample)
    made = {detail: _out_of_fold(sample, classes, folds, detail) for detail in DETAILS}
    best = max(DETAILS, key=lambda detail: _chosen_by(made[detail]))
    base = _measured([(sample, folds >= 0)])
    found = _measured(made[best])
    gains = {
        name: Gain(base[name].figure(), found[name].figure(), found[name].less(base[name]))
        for name in found
        if name in base
    }
    return Adaptation(fit_head(sample.vectors, classes, sample.sources, detail=best), best, gains)


def write(adaptation: Adaptation, base: EncoderIdentity, sample: Sample, casebook: Path, out: Path) -> Path:
    """Write the head and its results, note in the casebook on whom it was fitted, and return the head's path."""
    out.mkdir(parents=True, exist_ok=True)
    sink = io.BytesIO()
    np.savez(
        sink,
        mean=adaptation.head.mean,
        matrix=adaptation.head.matrix,
        base=np.array(base.name),
        base_digest=np.array(base.digest),
    )
    replaced(out / HEAD, sink.getvalue())
    sha256 = hashlib.sha256(sink.getvalue()).hexdigest()
    raw = {
        "schema": "scankin.adaptation/1",
        "base": vars(base),
        "head_sha256": sha256,
        "detail": adaptation.detail,
        "films": len(sample),
        "gains": {
            name: {kind: figure.as_json() for kind, figure in vars(gain).items()}
            for name, gain in adaptation.gains.items()
        },
        "notice": NOTICE,
    }
    replaced(out / RESULTS, json.dumps(raw, indent=1).encode())
    record_fit(Casebook.load(casebook), "adapted", sha256, {record.patient for record in sample.records})
    return out / HEAD


def classes_of(sample: Sample) -> NDArray[np.int64]:
    """Return the class of each film: its finding set, where enough films show it; -1 elsewhere."""
    shown = [tuple(sorted(found)) for found in sample.findings]
    names = sorted({one for one in shown if one and shown.count(one) >= FEWEST_FILMS})
    return np.array([names.index(one) if one in names else -1 for one in shown])


def folds_of(sample: Sample) -> NDArray[np.int64]:
    """Return the fold of each film, by patient."""
    people = np.unique(sample.people)
    fold_of = dict(zip(people, np.random.default_rng(_SEED).permutation(np.arange(len(people)) % FOLDS), strict=True))
    return np.array([fold_of[person] for person in sample.people])


def _out_of_fold(
    sample: Sample, classes: NDArray[np.int64], folds: NDArray[np.int64], detail: float
) -> list[tuple[Sample, NDArray[np.bool_]]]:
    """Return, for each fold, all films as a head sees them that was fitted on the other folds, and who then asks."""
    made = []
    for fold in range(FOLDS):
        fitted = folds != fold
        head = fit_head(sample.vectors[fitted], classes[fitted], sample.sources[fitted], detail=detail)
        made.append((sample.with_vectors(head(sample.vectors)), folds == fold))
    return made


def _chosen_by(made: list[tuple[Sample, NDArray[np.bool_]]]) -> float:
    return float(np.mean([_precision(made, scope).figure().value for scope in (Scope.WITHIN, Scope.ACROSS)]))


def _precision(made: list[tuple[Sample, NDArray[np.bool_]]], scope: str) -> Measured:
    asked = [asked_of(sample, scope, only) for sample, only in made]
    queries = np.concatenate([one.queries for one in asked])
    values = np.concatenate([one.columns.get("P@1", np.empty(0)) for one in asked])
    return Measured(mean_of(values), queries, made[0][0].people[queries])


def _measured(made: list[tuple[Sample, NDArray[np.bool_]]]) -> dict[str, Measured]:
    sample = made[0][0]
    scores = [balanced_scores(one, only) for one, only in made]
    queries = np.concatenate([one.queries for one in scores])
    score = np.concatenate([one.columns["score"] for one in scores])
    votes = [source_votes(one, nearest(one, np.flatnonzero(only & one.may_ask))) for one, only in made]
    voters = np.concatenate([np.flatnonzero(only & sample.may_ask) for _, only in made])
    return {
        **{f"P@1 {scope}": _precision(made, scope) for scope in Scope.ALL},
        "COVID-19 across sources, balanced": Measured(
            auc_of(score, sample.covid[queries]), queries, sample.people[queries], 0.5
        ),
        "source told by ten neighbours": Measured(mean_of(np.concatenate(votes)), voters, sample.people[voters]),
    }
