"""Reports with facts: order, what is shown of each neighbour, and what is told where facts are missing."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from stores import SCANS, a_retriever

from scankin.models import load_encoder
from scankin.retrieval.case import Case, Event, EventKind
from scankin.retrieval.clinical.comparison import NO_FACTS, FactsAsked
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.question import Question
from scankin.retrieval.report import SimilarityReport
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Age

CRP = {n: {"facts": {"crp": 5.0 * n}} for n in range(40) if n % 4}
QUERY = StatedFacts((StatedFact("crp", 100.0), StatedFact("diabetes", 1.0)))


def asked(retriever: Retriever, weight: float, stated: StatedFacts = QUERY, k: int = 10) -> SimilarityReport:
    return retriever.report(a_scan(99), Question(k, facts=FactsAsked(stated, weight)))


def test_the_order_is_by_cosine_and_weighted_likeness(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path, CRP)
    report = asked(retriever, 0.5)
    encoder = load_encoder("thumbnail")
    cosines = np.vstack([embed(encoder, scan).vectors for scan in SCANS]) @ embed(encoder, a_scan(99)).vectors[0]
    known = np.array([5.0 * n for n in range(40) if n % 4])
    span = np.percentile(known, 95) - np.percentile(known, 5)
    alike = np.array([max(0.0, 1 - abs(5.0 * n - 100) / span) / 2 if n % 4 else 0.0 for n in range(40)])
    best = np.argsort(-(cosines + 0.5 * alike))[:10]
    assert [case.scan for case in report.neighbours] == [f"s{n:015x}" for n in best]
    assert [case.likeness["facts"] for case in report.neighbours] == pytest.approx(alike[best])
    assert [case.similarity for case in report.neighbours] == pytest.approx(cosines[best], abs=2e-6)


def test_a_weight_of_zero_shows_facts_and_leaves_the_order_to_the_picture(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path, CRP)
    plain = retriever.report(a_scan(99), Question(10))
    report = asked(retriever, 0.0)
    assert [case.scan for case in report.neighbours] == [case.scan for case in plain.neighbours]
    assert all(case.facts is None for case in plain.neighbours) and plain.facts is None
    for case in report.neighbours:
        number = int(case.scan[1:], 16)
        assert case.facts is not None
        assert case.facts.values == {"crp": 5.0 * number if number % 4 else None, "diabetes": None}
        assert case.facts.shared == (1 if number % 4 else 0)
    assert report.facts is not None and report.facts.stated == {"crp": 100.0, "diabetes": "yes"}
    assert report.facts.nowhere == ("diabetes",)
    assert any("No scan of the index states diabetes" in caution for caution in report.cautions)


def test_an_index_without_facts_says_so(tmp_path: Path) -> None:
    assert NO_FACTS in asked(a_retriever(tmp_path), 0.5).cautions


def test_without_any_fact_likeness_is_told_not_to_be_known(tmp_path: Path) -> None:
    report = asked(a_retriever(tmp_path, CRP), 0.5, StatedFacts())
    assert {case.likeness["facts"] for case in report.neighbours} == {None}
    assert any("No fact of the patient is known" in caution for caution in report.cautions)


def test_a_stated_age_decides_who_may_answer_where_the_header_has_none(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path, {n: {"age": Age.of(50.0)} for n in range(40)})
    child = StatedFacts((StatedFact("age", 4.0),))
    with pytest.raises(RefusedScan, match="The patient is a child") as caught:
        asked(retriever, 0.0, child)
    assert caught.value.reason is Reason.NO_CANDIDATES


def test_an_age_of_the_index_is_shown_as_its_band(tmp_path: Path) -> None:
    retriever = a_retriever(tmp_path, {n: {"age": Age.of(64.0)} for n in range(40)})
    report = asked(retriever, 0.0, StatedFacts((StatedFact("age", 61.0),)))
    assert {case.facts.values["age"] for case in report.neighbours if case.facts} == {"60-69"}


def test_counter_evidence_is_in_the_order_of_facts_too_and_shows_them(tmp_path: Path) -> None:
    cases = [Case(f"p{n:015x}", "test", events=(Event(EventKind.DEATH, n % 2 == 0),)) for n in range(40)]
    retriever = a_retriever(tmp_path, CRP, cases=cases)
    question = Question(40, facts=FactsAsked(QUERY, 0.5), counter="died")
    report = retriever.report(a_scan(99), question)
    assert report.counter is not None
    shown = {case.rank: case.scan for case in (*report.counter.happened, *report.counter.did_not_happen)}
    assert [shown[rank] for rank in range(1, 41)] == [case.scan for case in report.neighbours]
    assert all(case.facts is not None for case in report.counter.happened)


@pytest.mark.parametrize("weight", [-0.1, 2.1, float("nan")])
def test_a_weight_out_of_range_is_told(weight: float) -> None:
    with pytest.raises(InvalidRequest, match="The weight of facts is"):
        FactsAsked(QUERY, weight)


def test_more_patients_than_there_are_gives_those_there_are_and_says_so(tmp_path: Path) -> None:
    report = a_retriever(tmp_path).report(a_scan(99), Question(1000))
    assert len(report.neighbours) == 40
    assert "40 similar patients were found, not 1000: no more satisfy the conditions." in report.cautions
