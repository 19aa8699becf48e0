"""Cohorts whose vectors tell the truth, or nothing: what the evaluation finds, and what it says in words."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import an_outcome_cohort, true_death_chances
from sklearn.metrics import roc_auc_score

from scankin.index_build.evaluate.outcomes.document import write_document
from scankin.index_build.evaluate.outcomes.figures import AUC, BRIER, CONCORDANCE, ECE, SLOPE
from scankin.index_build.evaluate.outcomes.page import write_page
from scankin.index_build.evaluate.outcomes.run import OutcomeEvaluation, asking_of, evaluate_outcomes
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, BASE_RATE, LOGISTIC, NEIGHBOURS
from scankin.index_build.evaluate.outcomes.words import adds, adds_to_times, headline, verdicts
from scankin.index_build.evaluate.verdicts import Result
from scankin.retrieval.report import NOTICE

SEED = 5


@pytest.fixture(scope="module")
def found() -> OutcomeEvaluation:
    cohort = an_outcome_cohort(SEED)
    chances = true_death_chances(SEED)
    risks = {f"film-{n}": {"died": float(chance), "died_30d": float(chance)} for n, chance in enumerate(chances)}
    return evaluate_outcomes(cohort, risks=risks)


@pytest.fixture(scope="module")
def nothing() -> OutcomeEvaluation:
    return evaluate_outcomes(an_outcome_cohort(SEED, patients=110, tells="nothing"))


def test_vectors_that_tell_the_severity_come_near_what_the_true_chances_tell(found: OutcomeEvaluation) -> None:
    one = found.outcomes["died_30d"]
    truth = true_death_chances(SEED)[one.told.rows]
    best = roc_auc_score(one.told.happened, truth)
    mine = one.compared.of(NEIGHBOURS, AUC)
    assert best > 0.8 and best - 0.05 < mine.value < best + 0.03
    assert mine.low < best < mine.high + 0.03
    assert one.compared.of(NEIGHBOURS, SLOPE).low < 1 < one.compared.of(NEIGHBOURS, SLOPE).high
    assert one.against_truth.patients == len(truth)
    assert one.against_truth.error.high < one.against_truth.base_error.low


def test_where_neighbours_tell_more_than_age_and_sex_the_words_say_so(found: OutcomeEvaluation) -> None:
    words = adds(found.outcomes["died_30d"])
    assert "neighbours tell more than the base rate" in words and "more than age and sex (+0." in words
    # What these vectors tell lies along a straight line, which a regression reads a little better than alike patients.
    assert "less than logistic regression on the same vectors (-0.0" in words
    assert found.primary is found.outcomes["died_30d"] and headline(found).startswith("Died 30d: neighbours tell more")
    assert "C-index 0." in adds_to_times(found.times["died_30d"])


def test_vectors_that_tell_nothing_are_at_chance_and_not_below_it(nothing: OutcomeEvaluation) -> None:
    """Left out, a patient makes the base rate of the others lean the other way; that must not count against anyone."""
    for name in ("died", "died_30d"):
        compared = nothing.outcomes[name].compared
        assert compared.of(BASE_RATE, AUC).value == 0.5
        for method in (NEIGHBOURS, LOGISTIC, AGE_SEX):
            figure = compared.of(method, AUC)
            assert figure.low < 0.5 < figure.high, (name, method)
        assert "not shown to tell more than the base rate" in adds(nothing.outcomes[name])
    c_index = nothing.times["died_30d"].compared.of(NEIGHBOURS, CONCORDANCE)
    assert c_index.low < 0.5 < c_index.high


def test_nobody_is_answered_by_an_index_that_holds_them(found: OutcomeEvaluation) -> None:
    cohort, answers = found.cohort, found.answers
    assert found.overlaps == 0
    for row, fold, near in zip(answers.rows, answers.folds, answers.nearest, strict=True):
        assert row not in answers.pools[fold] and cohort.people[row] not in cohort.people[near]


def test_films_of_one_person_are_never_on_both_sides_and_whom_it_was_fitted_on_never_asks() -> None:
    cohort = an_outcome_cohort(2, patients=120)
    joined = replace(cohort, people=np.arange(120) // 2, may_ask=np.arange(120) >= 20)
    rows, folds = asking_of(joined)
    assert len(rows) == 50 and len(set(joined.people[rows].tolist())) == 50 and joined.may_ask[rows].all()
    assert len(set(folds.tolist())) == 10


def test_an_outcome_of_too_few_says_why_and_gives_no_figure(found: OutcomeEvaluation) -> None:
    one = found.outcomes["intubated"]
    assert one.compared is None and one.told.refusal == "it is known in no patient asked"
    assert adds(one) == "intubated: not measured: it is known in no patient asked."


def test_the_audit_lists_what_was_not_done_and_passes_what_is_clean(found: OutcomeEvaluation) -> None:
    by_test = {(one.test, one.name): one for one in verdicts(found)}
    assert by_test["T6", "patient-disjoint"].result is Result.PASSED
    assert by_test["T10", "time leakage"].result is Result.PASSED
    assert by_test["O2", "within one site, died 30d"].result is Result.PASSED
    assert by_test["O3", "outside the lungs, died 30d"].result is Result.NOT_DONE


def test_subgroups_and_neighbours_of_groups_add_up(found: OutcomeEvaluation) -> None:
    one = found.outcomes["died"]
    sites = [held for held in one.subgroups if held.attribute == "site"]
    assert sum(int(held.patients) for held in sites) == len(one.told.rows)
    assert [held.group for held in one.subgroups if held.attribute == "device"] == ["not held"]
    for held in found.compositions:
        if held.attribute == "site":  # the vectors tell nothing of the site
            assert held.same.low - 0.02 < held.of_index < held.same.high + 0.02


def test_the_files_hold_no_patient_no_nan_and_the_notice(found: OutcomeEvaluation, tmp_path: Path) -> None:
    path, page = write_document(found, tmp_path), write_page(found, tmp_path)
    raw, text = json.loads(path.read_text()), page.read_text()
    assert raw["notice"] == NOTICE and NOTICE in text and raw["headline"] == headline(found)
    figures = raw["outcomes"]["died"]["figures"][NEIGHBOURS]
    assert 0.5 < figures[AUC]["low"] < figures[AUC]["value"] < figures[AUC]["high"] <= 1
    assert raw["outcomes"]["died"]["neighbours_less"][BASE_RATE][BRIER]["high"] < 0
    assert raw["outcomes"]["died"]["figures"][NEIGHBOURS][ECE]["value"] < 0.15
    assert raw["outcomes"]["intubated"]["refusal"] and "figures" not in raw["outcomes"]["intubated"]
    for held in (path.read_text(), text):
        assert "film-" not in held and not any(record.patient in held for record in found.cohort.records[:50])
        assert not any(record.scan in held for record in found.cohort.records[:50])
    assert not re.search(r"\bnan\b", text, re.IGNORECASE) and "://" not in text
