"""How often each outcome happened, did not, or is not known: one row an outcome, each patient once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.describe.disclosure import WITHHELD, Grid
from scankin.index_build.describe.rows import Rows, ScanRow
from scankin.retrieval.case import Case, State
from scankin.retrieval.outcomes import Outcome, all_outcomes
from scankin.retrieval.summaries import wilson

STATES = (State.HAPPENED, State.DID_NOT_HAPPEN, State.ALREADY_HAPPENED, State.CENSORED, State.UNKNOWN)


@dataclass(frozen=True, eq=False)
class OutcomeFacts:
    """Outcomes of patients from one scan each.

    Attributes:
        title: From which scan.
        patients: How many.
        questions: One an outcome, in the order of the grid's rows.
        states: Patients by outcome and state.
        shares: Of those in whom it is known, as text with the denominator and 95 % Wilson interval.
    """

    title: str
    patients: int
    questions: tuple[str, ...]
    states: Grid
    shares: tuple[str, ...]


def outcome_facts_of(rows: Rows) -> tuple[OutcomeFacts, ...]:
    """Return the outcomes from the first scan that shows COVID-19, and from the first scan of any kind."""
    scanned = [patient for patient in rows.patients.values() if patient.scans]
    showing = [(p.case, scan) for p in scanned if (scan := next((s for s in p.scans if s.covid), None))]
    found = [("From the first scan that shows COVID-19", showing)] if showing else []
    found.append(("From the first scan of any kind", [(p.case, p.scans[0]) for p in scanned]))
    return tuple(_outcomes(title, pairs) for title, pairs in found if pairs)


def _outcomes(title: str, pairs: list[tuple[Case, ScanRow]]) -> OutcomeFacts:
    outcomes = sorted(all_outcomes(), key=lambda one: (one.kind, one.horizon_days or 0))
    counted = [
        (_named(outcome), outcome.of(case, scan.day).value, case.patient)
        for outcome in outcomes
        for case, scan in pairs
    ]
    grid = Grid.of(
        "outcome",
        counted,
        columns=[state.value for state in STATES],
        rows=[_named(o) for o in outcomes],
        down=False,
        across=True,
    )
    return OutcomeFacts(title, len(pairs), tuple(o.question for o in outcomes), grid, tuple(map(_share, grid.shown)))


def _named(outcome: Outcome) -> str:
    """Return the outcome as words: "died within 30 days", "died, at any time"."""
    if outcome.horizon_days is None:
        return f"{outcome.name.replace('_', ' ')}, at any time"
    name = outcome.name.removesuffix(f"_{outcome.horizon_days}d")
    return f"{name.replace('_', ' ')} within {outcome.horizon_days} days"


def _share(row: NDArray[np.float64]) -> str:
    happened, did_not = row[:2]
    if np.isnan(happened + did_not):
        return WITHHELD
    known = int(happened + did_not)
    if not known:
        return "known in none"
    low, high = wilson(happened / known, known)
    share = f"{int(happened):,} of {known:,} known: {100 * happened / known:.0f} %"
    return f"{share} ({100 * low:.0f} to {100 * high:.0f} %)"
