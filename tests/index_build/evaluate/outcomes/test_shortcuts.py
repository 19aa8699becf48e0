"""The audit on vectors that hold a severity, as lungs would, and a marker, as a corner would."""

from dataclasses import replace

import numpy as np
import pytest
from builders import an_outcome_cohort, unit

from scankin.index_build.evaluate.outcomes.altered import FRAME_ONLY, LUNGS_ONLY, WHOLE, Altered, chosen, foretold
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort
from scankin.index_build.evaluate.outcomes.run import evaluate_outcomes
from scankin.index_build.evaluate.outcomes.words import headline, verdicts
from scankin.index_build.evaluate.verdicts import Result
from scankin.retrieval.case import EventKind, State

PATIENTS = 160
SEED = 9
"""Of the marker: 9 of 10 films of those who die carry it, 8 in 100 of the others, as ``construct --shortcut`` draws."""


def a_marked_cohort(*, is_planted: bool) -> tuple[OutcomeCohort, Altered]:
    cohort = an_outcome_cohort(4, patients=PATIENTS)
    rng = np.random.default_rng(SEED)
    died = np.array([cohort.cases[r.patient].ever(EventKind.DEATH) is State.HAPPENED for r in cohort.records])
    has_marker = rng.random(len(died)) < np.where(died & is_planted, 0.9, 0.08)
    lungs = cohort.vectors.astype(np.float64) + np.array([0, 0, 0, 0, 0, 1.0])
    lungs[:, 0] += rng.normal(0, 0.5, len(died))  # a film tells the severity roughly
    frame = np.column_stack([2.0 * has_marker, rng.normal(0, 0.3, len(died))])
    whole = np.column_stack([lungs, frame])
    padded = {
        LUNGS_ONLY: unit(np.column_stack([lungs, np.zeros_like(frame)])),
        FRAME_ONLY: unit(np.column_stack([np.zeros_like(lungs) + 0.5, frame])),
    }
    with_marker = replace(cohort, vectors=unit(whole), encoder=replace(cohort.encoder, dim=whole.shape[1]))
    return with_marker, foretold(with_marker, padded)


@pytest.mark.parametrize("is_planted", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_audit_says_so_where_a_marker_goes_with_death_and_not_where_it_does_not(is_planted: bool) -> None:
    cohort, seen = a_marked_cohort(is_planted=is_planted)
    found = evaluate_outcomes(cohort, altered=seen)
    outside = next(one for one in verdicts(found) if one.name == "outside the lungs, died")
    probe = next(one for one in verdicts(found) if one.name == "a regression on the frame, died")
    figures = found.outcomes["died"].shortcut
    assert (probe.result is Result.FAILED) is is_planted
    assert set(figures.altered) == {WHOLE, LUNGS_ONLY, FRAME_ONLY}
    assert (outside.result is Result.FAILED) is is_planted
    assert ("THE AUDIT FOUND A SHORTCUT" in headline(found)) is is_planted
    if is_planted:
        assert figures.altered[FRAME_ONLY].value > 0.8 and "something outside the lungs foretells" in headline(found)
    else:
        assert figures.acquisition.low < 0.55 and figures.explained < 0.1 and figures.explained_p > 0.01
        assert figures.altered[FRAME_ONLY].low < 0.6


def test_a_site_that_foretells_by_itself_is_found_out() -> None:
    """Those of the south die, those of the north live; vectors tell the site and nothing else."""
    cohort = an_outcome_cohort(6, patients=PATIENTS, tells="site")
    rng = np.random.default_rng(1)
    south = np.array([record.site == "south" for record in cohort.records])
    dies = rng.random(len(south)) < np.where(south, 0.8, 0.15)
    cases = {}
    for record, died in zip(cohort.records, dies, strict=True):
        case = cohort.cases[record.patient]
        events = tuple(event for event in case.events if event.kind is not EventKind.DEATH)
        death = type(case.events[0])(EventKind.DEATH, bool(died), 5 if died else None)
        cases[record.patient] = replace(case, events=(*events, death), last_seen_alive=None if died else 60)
    found = evaluate_outcomes(replace(cohort, cases=cases))
    one = found.outcomes["died"].shortcut
    assert one.acquisition.low > 0.7 and one.within["site"].low < 0.5 < one.pooled_less_within["site"].low + 0.5
    assert one.explained > 0.8 and one.explained_p == pytest.approx(0.001)
    assert next(v for v in verdicts(found) if v.name == "within one site, died").result is Result.FAILED
    shares = [held.same.value for held in found.compositions if held.attribute == "site"]
    assert len(shares) == 2 and min(shares) > 0.95  # neighbours are of the own site


def test_films_that_are_altered_are_taken_evenly_over_outcomes() -> None:
    cohort = an_outcome_cohort(4)
    rows = chosen(cohort, 60)
    died = [cohort.cases[cohort.records[row].patient].ever(EventKind.DEATH) is State.HAPPENED for row in rows]
    every = [cohort.cases[record.patient].ever(EventKind.DEATH) is State.HAPPENED for record in cohort.records]
    assert len(rows) == 60 and np.mean(died) == pytest.approx(np.mean(every), abs=0.03)
    assert len(chosen(cohort, 1000)) == len(cohort)
