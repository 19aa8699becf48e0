"""From what was found for a query to the report on it."""

from collections.abc import Mapping, Sequence

import numpy as np

from scankin.retrieval.asked import Asked
from scankin.retrieval.cautions import cautions, gate_cautions
from scankin.retrieval.clinical.told import told
from scankin.retrieval.counter import evidence, outcome_named, sides
from scankin.retrieval.course.afterwards import afterwards
from scankin.retrieval.course.cautions import time_cautions
from scankin.retrieval.course.change import Change, like_pairs, measure_changes
from scankin.retrieval.course.days import days_of
from scankin.retrieval.course.told import CaseTime, TimeReport
from scankin.retrieval.estimates.joined import with_facts
from scankin.retrieval.index import SIMILARITY_DECIMALS, Neighbours
from scankin.retrieval.likeness import Likeness, added
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.report import (
    CounterEvidence,
    IndexFacts,
    OutcomeReport,
    QueryFacts,
    SimilarCase,
    SimilarityReport,
)
from scankin.retrieval.summaries import count_outcome, summarise_measure, summarise_share
from scankin.retrieval.version import BaseRates, IndexVersion


def compose(version: IndexVersion, asked: Asked, likenesses: Sequence[Likeness], found: Neighbours) -> SimilarityReport:
    """Return the report on a query.

    Args:
        version: What answers.
        asked: The query.
        likenesses: In other respects than the picture.
        found: Its neighbours.
    """
    scan, question, candidates = asked.scan, asked.question, asked.candidates
    expected = version.estimators[scan.modality].answer(
        asked.embedding.vectors[0],
        candidates.index.similarities(asked.embedding),
        candidates.allowed,
        scan.age,
        scan.sex,
    )
    if asked.compared is not None and asked.compared.facts:
        expected = with_facts(expected, (version.calibration or {}).get(scan.modality), asked.compared.facts)
    query = _query_facts(version, asked)
    cases = _cases(version, asked, likenesses, found)
    similarities = found.similarities
    finding_rates = version.finding_base_rates[scan.modality]
    findings = tuple(
        summarise_share(name, [case.findings[name] for case in cases], similarities, *_share(finding_rates, name))
        for name in version.finding_names
    )
    outcomes = tuple(
        OutcomeReport(count_outcome(one.name, [case.outcomes[one.name] for case in cases]), one)
        for one in expected.estimates
    )
    measures = tuple(
        summarise_measure(measure, [record.measures.get(name) for record in found.records], similarities)
        for name, measure in MEASURES.items()
    )
    report = SimilarityReport(
        query=query,
        neighbours=cases,
        findings=findings,
        outcomes=outcomes,
        curves=expected.curves,
        measures=measures,
        time=TimeReport(question.time, _changes(version, asked)),
        cautions=(
            *gate_cautions(version.gates, scan.modality, question.false_refusal),
            *time_cautions(version, scan, question.time, asked.notes, [case.time for case in cases]),
            *cautions(
                query,
                scan,
                found.records,
                outcomes,
                candidates.own_patients,
                version.origins[scan.modality],
                is_near_edge=expected.is_near_edge,
            ),
        ),
        index=IndexFacts(version.name, version.encoder, version.manifest_hash, version.licence),
        counter=None if question.counter is None else _counter(version, asked, likenesses, question.counter),
    )
    return report if asked.compared is None else told(report, asked.compared, candidates.index)


def _counter(version: IndexVersion, asked: Asked, likenesses: Sequence[Likeness], name: str) -> CounterEvidence:
    outcome, candidates = outcome_named(name), asked.candidates
    everybody = len(candidates.index)
    whole = candidates.index.search(asked.embedding, everybody, candidates.allowed, added(likenesses))
    states = [outcome.of(version.cases[record.patient], record.day) for record in whole.records]
    found = sides(states, asked.question.k)
    happened, did_not = (
        _cases(version, asked, likenesses, whole, places) for places in (found.happened, found.did_not_happen)
    )
    return evidence(outcome.name, found, happened, did_not)


def _cases(
    version: IndexVersion,
    asked: Asked,
    likenesses: Sequence[Likeness],
    found: Neighbours,
    places: Sequence[int] | None = None,
) -> tuple[SimilarCase, ...]:
    """Return the cases at places of an order, from 0; all of them unless named."""
    index = asked.candidates.index
    cases = []
    for place in range(len(found.records)) if places is None else places:
        record = found.records[place]
        row = index.row(record.scan)
        alike = {one.name: None if row is None else one.of(row) for one in likenesses}
        cases.append(_case(version, asked, place + 1, record, found.similarities[place], found.scores[place], alike))
    return tuple(cases)


def _case(
    version: IndexVersion,
    asked: Asked,
    rank: int,
    record: ScanRecord,
    similarity: float,
    score: float,
    likeness: Mapping[str, float | None],
) -> SimilarCase:
    case = version.cases[record.patient]
    return SimilarCase(
        rank=rank,
        scan=record.scan,
        patient=record.patient,
        similarity=similarity,
        likeness=likeness,
        score=score,
        modality=record.modality,
        view=record.view and record.view.value,
        age_band=record.age_band,
        sex=record.sex and record.sex.value,
        site=record.site,
        days_since_admission=record.days_since_admission,
        findings=version.findings_of(record),
        outcomes=version.outcomes_of(record),
        time=CaseTime(
            days_of(record, case),
            afterwards(record, case, version.records_of[record.patient], lambda key: _similarity(asked, key)),
        ),
    )


def _similarity(asked: Asked, key: str) -> float | None:
    """Return the cosine of the query to a scan, as search tells it; None where it is of another modality."""
    index = asked.candidates.index
    row = index.row(key)
    return None if row is None else _cosine(index.vectors[row], asked.embedding.vectors[0])


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    exact = float((one.astype(np.float64) * other.astype(np.float64)).sum())
    return round(min(1.0, max(-1.0, exact)), SIMILARITY_DECIMALS)


def _changes(version: IndexVersion, asked: Asked) -> tuple[Change, ...]:
    index, allowed = asked.candidates.index, asked.candidates.allowed
    serials = version.serials[asked.scan.modality]
    changes = []
    for one, embedding in asked.earlier:
        similarity = _cosine(embedding.vectors[0], asked.embedding.vectors[0])
        usual = like_pairs(serials.pairs, one.days_before, similarity, allowed)
        read = measure_changes(index, serials, asked.embedding, embedding, allowed)
        changes.append(Change(one.days_before, similarity, usual, read))
    return tuple(changes)


def _share(rates: BaseRates, name: str) -> tuple[float | None, int]:
    return (rates[name].share, rates[name].patients) if name in rates else (None, 0)


def _query_facts(version: IndexVersion, asked: Asked) -> QueryFacts:
    scan, question, allowed = asked.scan, asked.question, asked.candidates.allowed
    return QueryFacts(
        modality=scan.modality,
        view=scan.view and scan.view.value,
        age_band=scan.age_band,
        sex=scan.sex and scan.sex.value,
        age_group="child" if scan.is_child else "adult",
        slices=(len(scan.pixels), scan.slices_in_series),
        k=question.k,
        filters=question.filters.stated(),
        candidate_scans=int(allowed.sum()),
        candidate_patients=version.columns[scan.modality].count_patients(allowed),
    )
