"""What every scan of an index can say of one outcome, and how much it stands for where follow-up was lost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import Case, EventKind, State
from scankin.retrieval.outcomes import Outcome
from scankin.retrieval.records import ScanRecord

LEAST_KNOWN_SHARE = 0.05
"""Where the outcome is known in fewer of a group than this, those few cannot stand for the others."""

EVENTS_ONLY = "no collection of the index states how long patients without the event were followed"
NOBODY = "it is known in no patient of the index"


@dataclass(frozen=True, eq=False)
class Evidence:
    """One outcome over the scans of an index, row by row.

    Attributes:
        states: State in the patient of each scan, seen from the day of that scan.
        happened: ``[n]`` float64: 1 where it happened, else 0.
        weight: ``[n]`` float64, at least 1 where the outcome is known and counts, 0 elsewhere: the inverse of the
            chance of being known (see ``evidence_of``).
        nothing_because: Why no scan counts; None when some do.
    """

    states: tuple[State, ...]
    happened: NDArray[np.float64]
    weight: NDArray[np.float64]
    nothing_because: str | None


@dataclass(frozen=True)
class BaseRate:
    """How often something is so among all patients of one modality.

    Attributes:
        share: In [0, 1]; a patient with several scans counts once, by the share of the scans that show it.
        patients: Patients in whom it is known, at least 1.
    """

    share: float
    patients: int


def evidence_of(outcome: Outcome, records: Sequence[ScanRecord], cases: Mapping[str, Case]) -> Evidence:
    """Return what the scans say of an outcome, each weighted for those like it in whom it is not known.

    Deaths are dated more often than survivors are followed, so the share among the known is too high. Therefore the
    scans of a collection are grouped by what is stated of any time (that the event happened or did not, and that the
    patient died or did not), and in each group those in whom the outcome within days is known stand for all of it:
    inverse-probability-of-censoring weights (Robins and Finkelstein 2000, Biometrics 56:779), under the assumption
    that within such a group being followed does not depend on the outcome. Kaplan and Meier's assumption, that those
    lost fare as those still followed, would be wrong here: whoever is lost has mostly been discharged alive.

    Where the outcome is known in less than ``LEAST_KNOWN_SHARE`` of a group, the whole collection is left out: its
    known outcomes would be its events alone. Outcomes of any time are stated outright and weigh 1.

    Args:
        outcome: Which.
        records: Scans, in the order of the index.
        cases: By patient key.
    """
    states = tuple(outcome.of(cases[record.patient], record.day) for record in records)
    happened = np.array([state is State.HAPPENED for state in states], np.float64)
    known = np.array([state.is_known for state in states])
    if outcome.horizon_days is None:
        return Evidence(states, happened, known.astype(np.float64), None if known.any() else NOBODY)
    groups: dict[tuple[str, State, State], list[int]] = defaultdict(list)
    for row, (record, state) in enumerate(zip(records, states, strict=True)):
        if _could_be_known(cases[record.patient], record, outcome.kind, state):
            groups[_group(cases[record.patient], outcome.kind)].append(row)
    weight = np.zeros(len(states))
    left_out = set()
    for (collection, *_), rows in groups.items():
        held = np.array(rows)
        share = known[held].mean()
        if share < LEAST_KNOWN_SHARE:
            left_out.add(collection)
        else:
            weight[held[known[held]]] = 1 / share
    weight[[record.collection in left_out for record in records]] = 0.0
    nothing = None if weight.any() else EVENTS_ONLY if known.any() else NOBODY
    return Evidence(states, happened, weight, nothing)


def base_rate(evidence: Evidence, patients: NDArray[np.int64]) -> BaseRate | None:
    """Return the share among all patients; None when the outcome counts in none.

    Args:
        evidence: Row by row.
        patients: ``[n]``: number of the patient of each row.
    """
    counts = np.bincount(patients, evidence.weight > 0)
    seen = counts > 0
    if not seen.any():
        return None
    weight = np.bincount(patients, evidence.weight)[seen] / counts[seen]
    happened = np.bincount(patients, evidence.weight * evidence.happened)[seen] / counts[seen]
    return BaseRate(float(happened.sum() / weight.sum()), int(seen.sum()))


def _group(case: Case, kind: EventKind) -> tuple[str, State, State]:
    return case.collection, case.ever(kind), case.ever(EventKind.DEATH)


def _could_be_known(case: Case, record: ScanRecord, kind: EventKind, state: State) -> bool:
    """Whether a scan counts in its group: it has a day, the patient was at risk, and something is stated of them."""
    if record.day is None or state is State.ALREADY_HAPPENED:
        return False
    return state is not State.UNKNOWN or case.ever(kind) is not State.UNKNOWN
