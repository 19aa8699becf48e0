"""The figures of an evaluation of outcomes as a file: ``outcomes.json``; counts and figures, no patient."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from scankin.index_build.describe.disclosure import few_or
from scankin.index_build.evaluate.bootstrap import DRAWS, Figure
from scankin.index_build.evaluate.outcomes.figures import ByMethod
from scankin.index_build.evaluate.outcomes.run import OutcomeEvaluation, OutcomeFound, TimesFound
from scankin.index_build.evaluate.outcomes.subgroups import WHY_WITHHELD
from scankin.index_build.evaluate.outcomes.told import PRIMARY
from scankin.index_build.evaluate.outcomes.words import PRIMARY_FIGURES, adds, adds_to_times, headline, verdicts
from scankin.retrieval.files import replaced
from scankin.retrieval.report import NOTICE

SCHEMA = "scankin.outcomes/1"
DOCUMENT = "outcomes.json"


def write_document(evaluation: OutcomeEvaluation, out: Path) -> Path:
    """Write ``outcomes.json`` into a folder, made when it is not there, and return where."""
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / DOCUMENT, json.dumps(as_json(evaluation), indent=1, allow_nan=False).encode())
    return out / DOCUMENT


def as_json(evaluation: OutcomeEvaluation) -> dict[str, Any]:
    """Return everything that was found as plain JSON values; what is not defined is null."""
    cohort = evaluation.cohort
    return {
        "schema": SCHEMA,
        "version": version("scankin"),
        "encoder": vars(cohort.encoder),
        "headline": headline(evaluation),
        "primary": {
            "outcomes": PRIMARY,
            "figures": PRIMARY_FIGURES,
            "outcome": None if evaluation.primary is None else evaluation.primary.told.name,
        },
        "films": len(cohort),
        "people": len(np.unique(cohort.people)),
        "joined_patients": cohort.joined,
        "asked": len(evaluation.answers.rows),
        "fitted_on_so_only_answer": len(np.unique(cohort.people[~cohort.may_ask])),
        "asking_film": "first since admission, or first of all where none is since",
        "folds": evaluation.folds,
        "draws": DRAWS,
        "outcomes": {name: _outcome(one) for name, one in evaluation.outcomes.items()},
        "times": {name: _times(one) for name, one in evaluation.times.items()},
        "neighbours_of_groups": [_plain(asdict(one)) for one in evaluation.compositions],
        "withheld": WHY_WITHHELD,
        "audit": [vars(one) for one in verdicts(evaluation)],
        "encoded_anew": None
        if evaluation.altered is None
        else {"films": evaluation.altered.films, "without_lungs": evaluation.altered.without_lungs},
        "notice": NOTICE,
    }


def _outcome(one: OutcomeFound) -> dict[str, Any]:
    told = one.told
    found: dict[str, Any] = {
        "in_words": adds(one),
        "refusal": told.refusal,
        "states": {state.value: few_or(count) for state, count in sorted(told.states.items())},
        "known": few_or(told.known),
        "with_estimate": few_or(len(told.rows)),
        "without_age": few_or(told.without_age),
        "abstained": {reason: few_or(count) for reason, count in sorted(told.abstained.items())},
    }
    if one.compared is None:
        return found
    return found | {
        "happened": int(told.happened.sum()),
        "figures": _by_method(one.compared.figures),
        "neighbours_less": _by_method(one.compared.differences),
        "decision_curve": _plain(None if one.decisions is None else asdict(one.decisions)),
        "bins": [
            _plain(asdict(held) | {"is_held": held.is_held, "is_compatible": held.is_compatible}) for held in one.bins
        ],
        "against_truth": _plain(None if one.against_truth is None else asdict(one.against_truth)),
        "abstention": _plain(None if one.abstention is None else asdict(one.abstention)),
        "subgroups": [_plain(asdict(held)) for held in one.subgroups],
        "shortcut": _plain(None if one.shortcut is None else asdict(one.shortcut)),
    }


def _times(one: TimesFound) -> dict[str, Any]:
    held = one.timed
    return {
        "in_words": adds_to_times(one),
        "refusal": held.refusal,
        "patients": few_or(len(held.rows)),
        "events": few_or(held.events),
        "died_without": few_or(held.competing),
        "censored": few_or(held.censored),
        "without_time": few_or(held.without_time),
        "figures": _by_method(one.compared.figures),
        "neighbours_less": _by_method(one.compared.differences),
    }


def _by_method(found: ByMethod) -> dict[str, dict[str, Any]]:
    return {
        method: {name: figure.as_json() for name, figure in of_method.items()} for method, of_method in found.items()
    }


def _plain(value: Any) -> Any:
    """Return plain JSON values, what is not defined as null."""
    if isinstance(value, Figure):
        return value.as_json()
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
