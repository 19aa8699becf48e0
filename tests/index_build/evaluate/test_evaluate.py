"""Evaluation on films whose vectors and labels are written out by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import a_record, a_sample, sources_and_truth
from stores import a_store

from scankin.index_build.evaluate import audit
from scankin.index_build.evaluate.bootstrap import area, figure, mean_of, redraws
from scankin.index_build.evaluate.covid import PRIMARY, covid_across_balanced, covid_pooled, covid_within
from scankin.index_build.evaluate.figures import Scope, pool_in
from scankin.index_build.evaluate.precision import retrieval
from scankin.index_build.evaluate.ranking import rank
from scankin.index_build.evaluate.run import RANDOM, SHUFFLED, evaluate
from scankin.index_build.evaluate.sample import load_pair
from scankin.index_build.evaluate.severity import severity
from scankin.models import load_encoder
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError

IDENTITY = EncoderIdentity("made", "none", "none", "none", 2)


def on_a_circle(*degrees: float) -> np.ndarray:
    return np.array([[math.cos(math.radians(d)), math.sin(math.radians(d))] for d in degrees])


A, B = {"A": True}, {"B": True}


def test_figures_of_one_query_are_those_worked_out_by_hand() -> None:
    # The query at 0 shows A; its neighbours by angle: B, A, B, A. Two are relevant, at places 2 and 4.
    sample = a_sample(on_a_circle(0, 5, 10, 15, 20), [A, B, A, B, A], [0] * 5, [0, 1, 2, 3, 4])
    found = {name: m.statistic(np.array([0])) for name, m in retrieval(sample, Scope.POOLED).items()}
    assert found["P@1"] == 0
    assert found["P@5"] == pytest.approx(2 / 4)  # four answered
    assert found["MAP@R"] == pytest.approx((1 / 2) / 2)  # R is 2: precision at place 2, over 2
    assert found["R-precision"] == pytest.approx(1 / 2)
    assert found["MRR"] == pytest.approx(1 / 2)
    gained, ideal = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3)
    assert found["nDCG@10"] == pytest.approx(gained / ideal)


def test_own_person_never_answers_and_everybody_answers_once() -> None:
    sample = a_sample(on_a_circle(0, 1, 2, 3, 4), [A] * 5, [0] * 5, [0, 0, 1, 1, 2])
    everyone = np.arange(5)
    (ranked,) = rank(sample, np.array([0]), lambda _query: everyone)
    assert ranked.rows.tolist() == [2, 4]
    assert audit.overlaps(sample, audit.nearest(sample)) == 0


def test_scopes_let_only_those_answer_who_may() -> None:
    sample = a_sample(on_a_circle(0, 1, 2, 3), [A] * 4, [0, 0, 1, 1], [0, 1, 2, 3])
    everyone = np.arange(4)
    assert pool_in(sample, Scope.WITHIN, everyone)(0).tolist() == [0, 1]
    assert pool_in(sample, Scope.ACROSS, everyone)(0).tolist() == [2, 3]
    children = replace(sample, is_child=np.array([False, True, False, True]))
    assert pool_in(children, Scope.POOLED, everyone)(0).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("scores", "truth", "expected"),
    [
        ([0.1, 0.9], [0, 1], 1.0),
        ([0.9, 0.1], [0, 1], 0.0),
        ([0.5, 0.5], [0, 1], 0.5),
        ([1, 2, 3, 4], [0, 1, 0, 1], 0.75),
    ],
)
def test_areas(scores: list[float], truth: list[int], expected: float) -> None:
    assert area(np.array(scores), np.array(truth)) == expected


def test_an_area_of_one_kind_is_not_defined() -> None:
    assert math.isnan(area(np.array([1.0, 2.0]), np.array([1, 1])))


def test_draws_take_whole_patients() -> None:
    people = np.array([3, 3, 5, 5, 5])
    for rows in redraws(people, 50):
        counts = np.bincount(rows, minlength=5)
        assert counts[0] == counts[1] and counts[2] == counts[3] == counts[4]
    found = figure(mean_of(np.array([1.0, 1.0, 0.0, 0.0, 0.0])), people)
    assert (found.value, found.low, found.high, found.queries, found.patients) == (0.4, 0.0, 1.0, 5, 2)


def test_an_encoder_that_reads_the_source_shines_pooled_and_fails_across() -> None:
    sample = sources_and_truth(1, by="source")
    assert covid_pooled(sample).figure().value > 0.75
    across = covid_across_balanced(sample).figure()
    assert abs(across.value - 0.5) < 0.12
    probes = audit.source_probes(sample, audit.nearest(sample))
    assert probes["linear probe"].value > 0.95 and probes["vote of 10 neighbours"].value > 0.95


def test_an_encoder_that_reads_the_illness_shines_across_and_within() -> None:
    sample = sources_and_truth(2, by="illness")
    assert covid_across_balanced(sample).figure().low > 0.95
    assert covid_within(sample, sample.sources).figure().low > 0.9
    assert audit.source_probes(sample, audit.nearest(sample))["linear probe"].value < 0.6


def test_the_same_encoder_differs_from_itself_by_nothing_and_a_better_one_by_something() -> None:
    good, bad = sources_and_truth(3, by="illness"), sources_and_truth(3, by="source")
    same = evaluate(good, IDENTITY, (good, IDENTITY)).differences
    assert {(one.value, one.low, one.high) for found in same.values() for one in found.values()} == {(0, 0, 0)}
    better = covid_across_balanced(good).less(covid_across_balanced(bad))
    assert better.low > 0.2


def test_floors_know_nothing() -> None:
    found = evaluate(sources_and_truth(4, by="illness"), IDENTITY)
    assert found.primary.low > 0.9
    for kind in (RANDOM, SHUFFLED):
        assert abs(found.floors[kind][Scope.ACROSS][PRIMARY].value - 0.5) < 0.15


def test_severity_is_read_from_neighbours() -> None:
    angles = np.linspace(0, 90, 60)
    sample = a_sample(on_a_circle(*angles), [A] * 60, [0] * 60, list(range(60)))
    records = tuple(a_record(n, f"p{n}", findings=A, measures={"brixia": angle / 5}) for n, angle in enumerate(angles))
    found = severity(replace(sample, records=records))["brixia"]
    assert found.figure().value < 0.9
    assert found.chance is not None and found.chance > 4


def test_an_encoder_without_vectors_says_what_to_do(tmp_path: Path) -> None:
    a_store(tmp_path)
    identity = load_encoder("thumbnail").identity
    other = EncoderIdentity("other", "none", "none", "none", 2)
    with pytest.raises(CasebookError, match="Build an index with it first"):
        load_pair(tmp_path / "casebook", other, None)
    with pytest.raises(CasebookError, match="Build an index with it first"):
        load_pair(tmp_path / "casebook", identity, other)
