"""The shortcut audit of outcomes: how far the acquisition alone foretells, and what lies outside the lungs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.altered import FRAME_ONLY, LUNGS_ONLY, WHOLE
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, Rows
from scankin.index_build.evaluate.outcomes.draws import figure_of, weights_of_draws
from scankin.index_build.evaluate.outcomes.figures import ranked_by
from scankin.index_build.evaluate.outcomes.logistic import logistic_chances
from scankin.index_build.evaluate.outcomes.neighbours import Answered
from scankin.index_build.evaluate.outcomes.scores import area, area_within
from scankin.index_build.evaluate.outcomes.told import LEAST_ASKED, LEAST_OF_EACH, LOGISTIC, NEIGHBOURS, Told
from scankin.index_build.evaluate.outcomes.training import training
from scankin.retrieval.outcomes import all_outcomes

Floats = NDArray[np.float64]

ACQUISITION = ("collection", "site", "device", "projection")
"""What no lung decides: where, with what and how a film was taken."""

COSTS = 0.05
"""Of the AUC: when blacking out all but the lungs surely costs more, what lies outside of them is what foretells."""

PERMUTATIONS, SEED = 999, 11


@dataclass(frozen=True)
class Shortcut:
    """What of one outcome can be foretold without the lungs.

    Attributes:
        acquisition: AUC of collection, site, device and projection alone, by penalised logistic regression on the
            same folds; None where nothing of them is stated, or all are alike.
        less_acquisition: Neighbours' AUC less it, paired.
        within: Neighbours' AUC over pairs of one group alone, by attribute; of the patients of groups that hold both
            kinds, where they are enough.
        pooled_less_within: Their AUC over all pairs of the same patients less that.
        explained: Share of the variance of the estimates' log odds that the acquisition tells (adjusted R squared).
        explained_p: Of permuting the acquisition: how often as much by chance.
        altered: AUC of whole films, of the lungs alone and of the frame alone; empty where not done.
        lungs_cost: AUC of whole films less that of the lungs alone, paired; None where not done.
        probed: The same areas of a logistic regression on each kind's vectors, which finds what neighbours pass over.
        probe_gain: Its AUC of the frame alone less that of the lungs alone, paired; None where not done.
    """

    acquisition: Figure | None
    less_acquisition: Figure | None
    within: Mapping[str, Figure]
    pooled_less_within: Mapping[str, Figure]
    explained: float | None
    explained_p: float | None
    altered: Mapping[str, Figure] = field(default_factory=dict)
    lungs_cost: Figure | None = None
    probed: Mapping[str, Figure] = field(default_factory=dict)
    probe_gain: Figure | None = None

    @property
    def is_outside(self) -> bool | None:
        """Whether what lies outside the lungs foretells: surely (True), surely not by ``COSTS`` (False), or unclear."""
        if self.lungs_cost is None:
            return None
        if self.lungs_cost.low > COSTS:
            return True
        return False if self.lungs_cost.high <= COSTS else None

    @property
    def is_in_frame(self) -> bool | None:
        """Whether the frame surely tells a regression more than the lungs (True), surely less (False), or unclear."""
        if self.probe_gain is None:
            return None
        if self.probe_gain.low > 0:
            return True
        return False if self.probe_gain.high < 0 else None


def shortcut(
    told: Told, cohort: OutcomeCohort, answers: Answered, altered: Mapping[str, Told] | None = None
) -> Shortcut:
    """Return the audit of one outcome that has no refusal.

    Args:
        told: Patients and estimates.
        cohort: Films.
        answers: In which fold each asked, and who answered.
        altered: What whole and altered films of the same patients foretold, by kind; None: not done.
    """
    weights = weights_of_draws(told.weights)
    ranks = ranked_by(told.chances[NEIGHBOURS], told.bases)
    pooled = area(ranks, told.happened, weights)
    patients = len(told.rows)
    alone = _acquisition(told, cohort, answers)
    theirs = None if alone is None else area(ranked_by(alone, told.bases), told.happened, weights)
    within, less = {}, {}
    for attribute in ACQUISITION:
        held = [cohort.groups[attribute][row] for row in told.rows]
        if len(set(held) - {None}) < 2:
            continue
        groups = np.unique([one or "" for one in held], return_inverse=True)[1].astype(np.int64)
        part = _of_mixed(groups, np.array([one is not None for one in held], np.bool_), told.happened)
        yes = int(told.happened[part].sum())
        if len(part) < LEAST_ASKED or min(yes, len(part) - yes) < LEAST_OF_EACH:
            continue
        inside = area_within(ranks[part], told.happened[part], weights[:, part], groups[part])
        within[attribute] = figure_of(inside, len(part), 0.5)
        less[attribute] = figure_of(area(ranks[part], told.happened[part], weights[:, part]) - inside, len(part))
    explained, p = _explained(ranks, _one_hot(cohort, told.rows, told.rows)[0])
    seen = _altered(altered, NEIGHBOURS)
    probed = _altered(altered, LOGISTIC)
    count = 0 if altered is None else len(altered[WHOLE].rows)
    return Shortcut(
        acquisition=None if theirs is None else figure_of(theirs, patients, 0.5),
        less_acquisition=None if theirs is None else figure_of(pooled - theirs, patients),
        within=within,
        pooled_less_within=less,
        explained=explained,
        explained_p=p,
        altered={kind: figure_of(values, count, 0.5) for kind, values in seen.items()},
        lungs_cost=figure_of(seen[WHOLE] - seen[LUNGS_ONLY], count) if seen else None,
        probed={kind: figure_of(values, count, 0.5) for kind, values in probed.items()},
        probe_gain=figure_of(probed[FRAME_ONLY] - probed[LUNGS_ONLY], count) if probed else None,
    )


def _of_mixed(groups: Rows, is_stated: NDArray[np.bool_], happened: Floats) -> Rows:
    """Return the patients of groups that hold both who had the outcome and who had not."""
    yes, every = np.bincount(groups, happened), np.bincount(groups)
    is_mixed = (yes > 0) & (yes < every)
    found: Rows = np.flatnonzero(is_mixed[groups] & is_stated)
    return found


def _acquisition(told: Told, cohort: OutcomeCohort, answers: Answered) -> Floats | None:
    outcome = next(one for one in all_outcomes() if one.name == told.name)
    found = np.full(len(told.rows), np.nan)
    folds = answers.folds[told.places]
    for fold in np.unique(folds).tolist():
        here = folds == fold
        fitted = training(outcome, cohort, answers.pools[fold])
        there, those = _one_hot(cohort, fitted.rows, told.rows[here])
        if not there.shape[1] or fitted.is_of_one_kind:
            return None
        found[here] = logistic_chances(fitted, there, those)
    return found


def _one_hot(cohort: OutcomeCohort, fitted: Rows, asked: Rows) -> tuple[Floats, Floats]:
    """Return ``[n, c]`` and ``[q, c]``: a column for every group of every attribute that tells those fitted apart."""
    columns: tuple[list[Floats], list[Floats]] = [], []
    for attribute in ACQUISITION:
        held = [np.array([cohort.groups[attribute][row] or "" for row in rows]) for rows in (fitted, asked)]
        names = sorted(set(held[0].tolist()))
        if len(names) > 1:
            for column, labels in zip(columns, held, strict=True):
                column.extend((labels == name).astype(np.float64) for name in names)
    there, those = (
        np.stack(column, axis=1) if column else np.zeros((len(rows), 0))
        for column, rows in zip(columns, (fitted, asked), strict=True)
    )
    return there, those


def _explained(ranks: Floats, groups: Floats) -> tuple[float | None, float | None]:
    """Return the adjusted R squared of a linear model of groups, and its p by permutation; None without groups."""
    q, rank = len(ranks), int(np.linalg.matrix_rank(groups)) if groups.shape[1] else 0
    if rank < 2 or q <= rank + 1:
        return None, None
    basis = np.linalg.svd(groups - groups.mean(axis=0), full_matrices=False)[0][:, : rank - 1]
    centred = ranks - ranks.mean()
    whole = float(centred @ centred)
    if whole <= 0:
        return None, None
    share = float(((basis.T @ centred) ** 2).sum()) / whole
    rng = np.random.default_rng(SEED)
    drawn = np.stack([rng.permutation(centred) for _ in range(PERMUTATIONS)])
    by_chance = ((drawn @ basis) ** 2).sum(axis=1) / whole
    p = (1 + int((by_chance >= share - 1e-12).sum())) / (1 + PERMUTATIONS)
    return 1 - (1 - share) * (q - 1) / (q - rank), p


def _altered(altered: Mapping[str, Told] | None, method: str) -> dict[str, Floats]:
    """Return ``[draws]`` areas by kind of film; empty where a kind has none of this method."""
    if altered is None or not all(method in one.chances for one in altered.values()):
        return {}
    return {
        kind: area(ranked_by(one.chances[method], one.bases), one.happened, weights_of_draws(one.weights))
        for kind, one in altered.items()
    }
