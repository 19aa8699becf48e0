"""Figures of each group of patients, and who their neighbours are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.describe.disclosure import few_or
from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.cohort import ATTRIBUTES, OutcomeCohort
from scankin.index_build.evaluate.outcomes.draws import figure_of, weights_of_draws
from scankin.index_build.evaluate.outcomes.figures import ranked_by
from scankin.index_build.evaluate.outcomes.neighbours import Answered
from scankin.index_build.evaluate.outcomes.scores import area, brier, mean
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, LEAST_ASKED, LEAST_OF_EACH, NEIGHBOURS, Told

NOT_STATED, NOT_HELD = "not stated", "not held"
WHY_WITHHELD = (
    f"Groups of fewer than {LEAST_ASKED} patients, or {LEAST_OF_EACH} with or without the outcome, are withheld: their "
    "figures would be chance, and could point at persons."
)


@dataclass(frozen=True)
class Subgroup:
    """One group of patients asked about one outcome.

    Attributes:
        attribute, group: Which.
        patients, happened: Counts as they may be shown.
        auc, brier: Of the neighbours' estimates; None where withheld.
        excess: Mean estimate less the share observed: above 0 the group is told too high a chance.
        less_age_sex: AUC less that of age and sex, paired; None where there is none.
    """

    attribute: str
    group: str
    patients: str
    happened: str
    auc: Figure | None = None
    brier: Figure | None = None
    excess: Figure | None = None
    less_age_sex: Figure | None = None


@dataclass(frozen=True)
class Composition:
    """Who the neighbours of one group are.

    Attributes:
        attribute, group: Which.
        patients: Asked, as may be shown.
        same: Share of their neighbours, of whom it is stated, that are of the group; None where withheld.
        of_index: Share of the patients who may answer that are of the group.
    """

    attribute: str
    group: str
    patients: str
    same: Figure | None
    of_index: float


def subgroups(told: Told, cohort: OutcomeCohort) -> tuple[Subgroup, ...]:
    """Return the figures of every group of every attribute; an attribute that nobody has says that it is not held."""
    found: list[Subgroup] = []
    for attribute in ATTRIBUTES:
        labels = [cohort.groups[attribute][row] for row in told.rows]
        if not any(labels):
            found.append(Subgroup(attribute, NOT_HELD, "", ""))
            continue
        names = np.array([label or NOT_STATED for label in labels])
        found += [_subgroup(told, attribute, name, np.flatnonzero(names == name)) for name in sorted(set(names))]
    return tuple(found)


def _subgroup(told: Told, attribute: str, name: str, part: NDArray[np.int64]) -> Subgroup:

    happened = told.happened[part]
    yes, no = int(happened.sum()), int((1 - happened).sum())
    counts = few_or(len(part)), few_or(yes)
    if len(part) < LEAST_ASKED or min(yes, no) < LEAST_OF_EACH:
        return Subgroup(attribute, str(name), *counts)
    weights = weights_of_draws(told.weights[part])
    chances, bases = told.chances[NEIGHBOURS][part], told.bases[part]
    mine = area(ranked_by(chances, bases), happened, weights)
    by_age = told.chances.get(AGE_SEX)
    theirs = None if by_age is None else area(ranked_by(by_age[part], bases), happened, weights)
    return Subgroup(
        attribute,
        str(name),
        *counts,
        auc=figure_of(mine, len(part), 0.5),
        brier=figure_of(brier(chances, happened, weights), len(part)),
        excess=figure_of(mean(chances - happened, weights), len(part)),
        less_age_sex=None if theirs is None else figure_of(mine - theirs, len(part)),
    )


def compositions(cohort: OutcomeCohort, answers: Answered) -> tuple[Composition, ...]:
    """Return of every group which share of its neighbours is of it, beside its share of those who may answer.

    Patients and neighbours of whom the attribute is not stated are left out.
    """
    found = []
    of_people = cohort.firsts
    for attribute in ATTRIBUTES:
        held = np.array([label or "" for label in cohort.groups[attribute]])
        stated = of_people[held[of_people] != ""]
        for name in sorted(set(held[answers.rows].tolist()) - {""}):
            places = np.flatnonzero(held[answers.rows] == name)
            near = [held[answers.nearest[place]] for place in places]
            same = np.array([float((one == name).sum()) for one in near])
            known = np.array([float((one != "").sum()) for one in near])
            weights = weights_of_draws(np.ones(len(places)))
            is_shown = len(places) >= LEAST_ASKED and known.sum() > 0
            share = np.divide(
                weights @ same, weights @ known, out=np.full(len(weights), np.nan), where=(weights @ known) > 0
            )
            of_index = float((held[stated] == name).mean())
            shown = figure_of(share, len(places), of_index) if is_shown else None
            found.append(Composition(attribute, name, few_or(len(places)), shown, of_index))
    return tuple(found)
