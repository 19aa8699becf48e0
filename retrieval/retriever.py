"""From a scan to the report that every door gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.cautions import cautions, gate_cautions
from scankin.retrieval.clinical.comparison import Comparison, with_age_and_sex
from scankin.retrieval.clinical.stated import settled
from scankin.retrieval.clinical.told import told
from scankin.retrieval.counter import evidence, outcome_named, sides
from scankin.retrieval.encoder import Embeddings, Encoder, embed
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.estimates.estimate import Expected
from scankin.retrieval.estimates.joined import with_facts
from scankin.retrieval.filters import Filters
from scankin.retrieval.fingerprint import DUPLICATE_BITS, FINGERPRINT_BYTES, bits_apart, fingerprint
from scankin.retrieval.gate import Verdict
from scankin.retrieval.index import Neighbours, ScanIndex
from scankin.retrieval.likeness import Likeness, added
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.outcomes import Outcome
from scankin.retrieval.question import PLAIN, Question
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.report import (
    CounterEvidence,
    IndexFacts,
    OutcomeReport,
    QueryFacts,
    SimilarCase,
    SimilarityReport,
)
from scankin.retrieval.scan import Scan, View
from scankin.retrieval.summaries import count_outcome, summarise_measure, summarise_share
from scankin.retrieval.thumbnails import thumbnail
from scankin.retrieval.version import BaseRates, IndexVersion

MAX_K = 1000

FEWEST_LATERAL_PATIENTS = 40
"""From here on an index answers laterals too."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Who may answer one query.

    Attributes:
        index: Of the query's modality.
        allowed: ``[len(index)]``; False leaves a scan out. At least one is True.
        own_patients: Patients left out because they are, or may be, the query's own.
    """

    index: ScanIndex
    allowed: NDArray[np.bool_]
    own_patients: int


class Retriever:
    """Answers queries from one version of an index with the encoder that built it. Safe to use from several threads."""

    def __init__(self, version: IndexVersion, encoder: Encoder) -> None:
        """Join a loaded version and its encoder.

        Raises:
            EncoderMismatch: The encoder is not the one that built the index.
        """
        version.encoder.require(encoder.identity, "encoder")
        self.version = version
        self.encoder = encoder
        self._fingerprints = {modality: _fingerprints(index) for modality, index in version.indexes.items()}

    def report(self, scan: Scan, question: Question = PLAIN) -> SimilarityReport:
        """Return the k most similar patients to the scan's, and what became of them.

        Never among them: the scan's own patient (by any id the index knows), a patient who has the same picture in
        the index, another modality, and, unless the filters mix ages, children for an adult or adults for a child.

        Args:
            scan: The query.
            question: What is asked about it.

        Raises:
            InvalidRequest: k is out of range, facts contradict each other or the header, or there is no such outcome.
            LicenceExpired: The last day on which the index's data may be used is past.
            RefusedScan: The scan is blank, a lateral, unlike the index, or nothing in the index may answer it.
        """
        if not 1 <= question.k <= MAX_K:
            raise InvalidRequest(f"k is {question.k}; 1 to {MAX_K} are possible.")
        wanted = None if question.counter is None else outcome_named(question.counter)
        facts = None if question.facts is None else settled(question.facts.stated, scan)
        scan = with_age_and_sex(scan, facts or {})
        candidates = self.candidates(scan, question.filters)
        allowed = candidates.allowed
        embedding = self.embed(scan)
        verdict = self._judge(scan, embedding, question.false_refusal)
        if verdict is not None and verdict.is_refused:
            raise RefusedScan(Reason.UNLIKE_THE_INDEX, verdict.reason)
        compared = None
        if question.facts is not None and facts is not None:
            compared = Comparison(question.facts, facts, self.version.facts[scan.modality])
        likenesses: tuple[Likeness, ...] = () if compared is None else (compared.likeness,)
        found = candidates.index.search(embedding, question.k, allowed, added(likenesses))
        expected = self.version.estimators[scan.modality].answer(
            candidates.index.similarities(embedding), allowed, scan.age, scan.sex
        )
        if facts:
            expected = with_facts(expected, (self.version.calibration or {}).get(scan.modality), facts)
        patients = self.version.columns[scan.modality].count_patients(allowed)
        query = _query_facts(scan, question, candidates=(int(allowed.sum()), patients))
        gate = gate_cautions(self.version.gates, scan.modality, question.false_refusal)
        cases = self._cases(candidates.index, found, likenesses)
        report = self._report(scan, query, cases, found.records, expected, candidates.own_patients, gate)
        if wanted is not None:
            whole = candidates.index.search(embedding, patients, allowed, added(likenesses))
            report = replace(report, counter=self._counter(wanted, question.k, candidates.index, whole, likenesses))
        return report if compared is None else told(report, compared, candidates.index)

    def candidates(self, scan: Scan, filters: Filters) -> Candidates:
        """Return who may answer a scan: what the filters allow, less its own patient.

        Raises:
            LicenceExpired: The last day on which the index's data may be used is past.
            RefusedScan: The scan is blank, a lateral, or nothing in the index may answer it.
        """
        if self.version.licence is not None:
            self.version.licence.require_valid()
        index = self._index_for(scan)
        own = self._own_patients(scan, index)
        columns = self.version.columns[scan.modality]
        allowed = columns.allowed(filters, for_child=scan.is_child) & ~columns.of_patients(own)
        if not allowed.any():
            raise _no_candidates(columns.has_age_group(for_child=scan.is_child), for_child=scan.is_child)
        return Candidates(index, allowed, len(own))

    def check(self, scan: Scan, false_refusal: float | None = None, *, mix_ages: bool = False) -> Verdict | None:
        """Return how unlike the index a scan's picture is; None where no gate looks at pictures.

        Args:
            scan: The query.
            false_refusal: Share of scans like those of the index that may be refused; None: as the index was built
                with; 0 switches the gate off.
            mix_ages: True lets children and adults answer for each other.

        Raises:
            InvalidRequest: The gate cannot keep this share.
            RefusedScan: The scan is blank, a lateral, of a modality or an age group that the index does not hold.
        """
        self._index_for(scan)
        if not mix_ages and not self.version.columns[scan.modality].has_age_group(for_child=scan.is_child):
            raise _no_candidates(False, for_child=scan.is_child)
        return self._judge(scan, self.embed(scan), false_refusal)

    def holds(self, scan: Scan) -> bool:
        """Whether the index has this very picture: what asks about it learns nothing of new patients."""
        return bool(self._same_picture(scan).size)

    def _index_for(self, scan: Scan) -> ScanIndex:
        index = self.version.indexes.get(scan.modality)
        if index is None:
            raise RefusedScan(Reason.NO_CANDIDATES, f"The index holds no {scan.modality} scans, which this one is.")
        if scan.view is View.LATERAL and self.version.lateral_patients < FEWEST_LATERAL_PATIENTS:
            raise RefusedScan(
                Reason.NOT_FRONTAL,
                f"The header says lateral; the index holds laterals of {self.version.lateral_patients} patients, and "
                f"answers from {FEWEST_LATERAL_PATIENTS}. Send the frontal film.",
            )
        return index

    def _judge(self, scan: Scan, embedding: Embeddings, false_refusal: float | None) -> Verdict | None:
        gate = self.version.gates.by_modality.get(scan.modality)
        if gate is None or false_refusal == 0:
            return None
        return gate.judge(gate.distances(embedding.vectors[0], thumbnail(scan)), false_refusal)

    def embed(self, scan: Scan) -> Embeddings:
        """Return the scan's embedding ``[1, dim]``, float32, unit length."""
        return embed(self.encoder, scan)

    def _own_patients(self, scan: Scan, index: ScanIndex) -> frozenset[str]:
        """Return the patients that are, or may be, the query's own: by id, or by the same picture."""
        same_picture = {index.records[row].patient for row in self._same_picture(scan)}
        return self.version.patients_known_as(scan.patient_id) | same_picture

    def _same_picture(self, scan: Scan) -> NDArray[np.int64]:
        if scan.modality not in self._fingerprints:
            return np.empty(0, np.int64)
        apart = bits_apart(fingerprint(scan), self._fingerprints[scan.modality])
        return np.flatnonzero(apart <= DUPLICATE_BITS)

    def _report(
        self,
        scan: Scan,
        query: QueryFacts,
        cases: tuple[SimilarCase, ...],
        records: tuple[ScanRecord, ...],
        expected: Expected,
        own_patients: int,
        gate: tuple[str, ...],
    ) -> SimilarityReport:
        similarities = tuple(case.similarity for case in cases)
        finding_rates = self.version.finding_base_rates[scan.modality]
        findings = tuple(
            summarise_share(name, [case.findings[name] for case in cases], similarities, *_share(finding_rates, name))
            for name in self.version.finding_names
        )
        outcomes = tuple(
            OutcomeReport(count_outcome(one.name, [case.outcomes[one.name] for case in cases]), one)
            for one in expected.estimates
        )
        measures = tuple(
            summarise_measure(measure, [record.measures.get(name) for record in records], similarities)
            for name, measure in MEASURES.items()
        )
        return SimilarityReport(
            query=query,
            neighbours=cases,
            findings=findings,
            outcomes=outcomes,
            curves=expected.curves,
            measures=measures,
            cautions=(
                *gate,
                *cautions(
                    query,
                    scan,
                    records,
                    outcomes,
                    own_patients,
                    self.version.origins[scan.modality],
                    is_near_edge=expected.is_near_edge,
                ),
            ),
            index=IndexFacts(self.version.name, self.version.encoder, self.version.manifest_hash, self.version.licence),
        )

    def _counter(
        self, outcome: Outcome, k: int, index: ScanIndex, whole: Neighbours, likenesses: tuple[Likeness, ...]
    ) -> CounterEvidence:
        states = [outcome.of(self.version.cases[record.patient], record.day) for record in whole.records]
        found = sides(states, k)
        return evidence(
            outcome.name,
            found,
            self._cases(index, whole, likenesses, found.happened),
            self._cases(index, whole, likenesses, found.did_not_happen),
        )

    def _cases(
        self,
        index: ScanIndex,
        found: Neighbours,
        likenesses: tuple[Likeness, ...],
        places: Sequence[int] | None = None,
    ) -> tuple[SimilarCase, ...]:
        """Return the cases at places of an order, from 0; all of them unless named."""
        cases = []
        for place in range(len(found.records)) if places is None else places:
            record = found.records[place]
            row = index.row(record.scan)
            alike = {one.name: None if row is None else one.of(row) for one in likenesses}
            cases.append(self._case(place + 1, record, found.similarities[place], found.scores[place], alike))
        return tuple(cases)

    def _case(
        self, rank: int, record: ScanRecord, similarity: float, score: float, likeness: Mapping[str, float | None]
    ) -> SimilarCase:
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
            findings=self.version.findings_of(record),
            outcomes=self.version.outcomes_of(record),
        )


def _share(rates: BaseRates, name: str) -> tuple[float | None, int]:
    return (rates[name].share, rates[name].patients) if name in rates else (None, 0)


def _no_candidates(has_age_group: bool, *, for_child: bool) -> RefusedScan:
    if has_age_group:
        return RefusedScan(
            Reason.NO_CANDIDATES, "No scan in the index satisfies the filters and the age group. Widen the filters."
        )
    who, others = ("a child", "children") if for_child else ("an adult, or of no stated age", "adults")
    return RefusedScan(
        Reason.NO_CANDIDATES,
        f"The patient is {who}, and the index holds no {others}. Only mixing ages (mix_ages) lets others answer.",
    )


def _query_facts(scan: Scan, question: Question, candidates: tuple[int, int]) -> QueryFacts:
    return QueryFacts(
        modality=scan.modality,
        view=scan.view and scan.view.value,
        age_band=scan.age_band,
        sex=scan.sex and scan.sex.value,
        age_group="child" if scan.is_child else "adult",
        slices=(len(scan.pixels), scan.slices_in_series),
        k=question.k,
        filters=question.filters.stated(),
        candidate_scans=candidates[0],
        candidate_patients=candidates[1],
    )


def _fingerprints(index: ScanIndex) -> NDArray[np.uint8]:
    joined = b"".join(record.fingerprint for record in index.records)
    return np.frombuffer(joined, np.uint8).reshape(-1, FINGERPRINT_BYTES)
