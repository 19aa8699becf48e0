"""Evaluates what neighbours foretell of outcomes on a cohort, beside what is simpler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.clock import Clocked, clocked
from scankin.index_build.evaluate.outcomes.abstention import Abstention, abstention
from scankin.index_build.evaluate.outcomes.altered import Altered
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.figures import (
    Compared,
    DecisionCurves,
    compared,
    compared_times,
    decisions,
)
from scankin.index_build.evaluate.outcomes.folds import dealt, folds_needed
from scankin.index_build.evaluate.outcomes.neighbours import Answered, answered
from scankin.index_build.evaluate.outcomes.reliability import AgainstTruth, Bin, against_truth, bins
from scankin.index_build.evaluate.outcomes.shortcuts import Shortcut, shortcut
from scankin.index_build.evaluate.outcomes.subgroups import Composition, Subgroup, compositions, subgroups
from scankin.index_build.evaluate.outcomes.timed import Timed, timed
from scankin.index_build.evaluate.outcomes.told import PRIMARY, Told, codes_of_asked, told
from scankin.index_build.evaluate.outcomes.truth import Risks, true_chances
from scankin.retrieval.estimates.curves import CURVE_OUTCOMES
from scankin.retrieval.outcomes import all_outcomes

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class OutcomeFound:
    """What was found of one outcome.

    Attributes:
        told: Patients, chances, and why nothing is measured, where nothing is.
        compared, decisions, bins, abstention, subgroups, shortcut: None or empty where nothing is measured.
        against_truth: None where true chances are not known.
    """

    told: Told = field(repr=False)
    compared: Compared | None = None
    decisions: DecisionCurves | None = None
    bins: tuple[Bin, ...] = ()
    against_truth: AgainstTruth | None = None
    abstention: Abstention | None = None
    subgroups: tuple[Subgroup, ...] = ()
    shortcut: Shortcut | None = None


@dataclass(frozen=True, eq=False)
class TimesFound:
    """What was found of the days to one event; figures are empty where nothing is measured."""

    timed: Timed = field(repr=False)
    compared: Compared


@dataclass(frozen=True, eq=False)
class OutcomeEvaluation:
    """What was found on a cohort.

    Attributes:
        cohort: Its films.
        answers: Who asked, in which fold.
        folds: How many.
        outcomes, times: By name.
        compositions: Of the neighbours, by attribute.
        overlaps: Patients asked of whom a film was in the index that answered (T6): must be 0.
        clocked: T10.
        altered: What of the films was encoded anew for the shortcut audit; None: not done.
        has_truth: Whether true chances were given.
    """

    cohort: OutcomeCohort = field(repr=False)
    answers: Answered = field(repr=False)
    folds: int
    outcomes: Mapping[str, OutcomeFound]
    times: Mapping[str, TimesFound]
    compositions: tuple[Composition, ...]
    overlaps: int
    clocked: Clocked
    altered: Altered | None = None
    has_truth: bool = False

    @property
    def measured(self) -> dict[str, OutcomeFound]:
        """The outcomes that are measured."""
        return {name: one for name, one in self.outcomes.items() if one.told.refusal is None}

    @property
    def primary(self) -> OutcomeFound | None:
        """The outcome that a claim rests on; None where it cannot be measured."""
        return next((self.outcomes[name] for name in PRIMARY if name in self.measured), None)


def asking_of(cohort: OutcomeCohort) -> tuple[Rows, Rows]:
    """Return the films that ask, one a person, and the outer fold of each.

    Those of whom no outcome counts and no time is known do not ask; nor does whom the encoder was fitted on.
    """
    outcomes = all_outcomes()
    rows = cohort.firsts[cohort.may_ask[cohort.firsts]]
    codes = codes_of_asked(outcomes, cohort, rows)
    is_of_use = (codes > 0).any(axis=1)
    rows, codes = rows[is_of_use], codes[is_of_use]
    names = [cohort.records[row].patient for row in rows]
    return rows, dealt(codes, names, min(folds_needed(codes), max(len(rows), 1)))


def evaluate_outcomes(
    cohort: OutcomeCohort,
    *,
    risks: Risks | None = None,
    altered: Altered | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> OutcomeEvaluation:
    """Return everything that is measured of outcomes.

    Args:
        cohort: Films, vectors and cases.
        risks: True chances, of a constructed cohort.
        altered: Vectors of films without their lungs, and of their lungs alone.
        progress: Told what is done, how much of it, of how much.
    """
    rows, folds = asking_of(cohort)
    answers = answered(cohort, rows, folds, lambda done, of: progress("Indexes", done, of or done))
    outcomes = all_outcomes()
    found = {}
    for number, outcome in enumerate(outcomes):
        progress("Outcomes", number, len(outcomes))
        one = told(outcome, cohort, answers)
        true = None if risks is None else true_chances(risks, cohort, one.rows.tolist(), outcome.name)
        found[outcome.name] = _found(one, cohort, answers, true, altered)
    progress("Outcomes", len(outcomes), len(outcomes))
    times = {}
    for number, name in enumerate(CURVE_OUTCOMES):
        progress("Times", number, len(CURVE_OUTCOMES))
        held = timed(name, cohort, answers)
        times[name] = TimesFound(held, compared_times(held))
    progress("Times", len(CURVE_OUTCOMES), len(CURVE_OUTCOMES))
    return OutcomeEvaluation(
        cohort=cohort,
        answers=answers,
        folds=int(folds.max(initial=-1)) + 1,
        outcomes=found,
        times=times,
        compositions=compositions(cohort, answers),
        overlaps=answers.overlaps(cohort.people),
        clocked=clocked(cohort.cases, [(record.patient, record.day) for record in cohort.records]),
        altered=altered,
        has_truth=risks is not None,
    )


def _found(
    one: Told, cohort: OutcomeCohort, answers: Answered, true: NDArray[np.float64] | None, altered: Altered | None
) -> OutcomeFound:
    if one.refusal is not None:
        return OutcomeFound(one)
    return OutcomeFound(
        told=one,
        compared=compared(one),
        decisions=decisions(one),
        bins=bins(one, true),
        against_truth=None if true is None else against_truth(one, true),
        abstention=abstention(one, true),
        subgroups=subgroups(one, cohort),
        shortcut=shortcut(one, cohort, answers, None if altered is None else altered.told.get(one.name)),
    )
