"""From a scan to the report that every door gives."""

import threading
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.asked import Asked, Candidates, likenesses_of
from scankin.retrieval.case import Clock, EventKind
from scankin.retrieval.clinical.comparison import Comparison, with_age_and_sex
from scankin.retrieval.clinical.stated import settled
from scankin.retrieval.composition import compose
from scankin.retrieval.counter import outcome_named
from scankin.retrieval.course.clock import day_number
from scankin.retrieval.course.films import EarlierScan, OtherScan, own_scans
from scankin.retrieval.course.past import past_of
from scankin.retrieval.encoder import Embeddings, Encoder, embed
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.filters import Filters
from scankin.retrieval.fingerprint import DUPLICATE_BITS, FINGERPRINT_BYTES, bits_apart, fingerprint
from scankin.retrieval.gate import Verdict
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.likeness import added
from scankin.retrieval.question import PLAIN, Question
from scankin.retrieval.report import SimilarityReport
from scankin.retrieval.scan import Scan, View
from scankin.retrieval.thumbnails import thumbnail
from scankin.retrieval.version import IndexVersion

MAX_K = 1000

PASTS_HELD = 2
"""Indexes as of a day that are kept: each is as large as what it holds."""

FEWEST_LATERAL_PATIENTS = 40
"""From here on an index answers laterals too."""


class Retriever:
    """Answers queries from one version of an index with the encoder that built it. Safe to use from several threads."""

    def __init__(self, version: IndexVersion, encoder: Encoder, *, whole: "Retriever | None" = None) -> None:
        """Join a loaded version and its encoder.

        Args:
            version: What answers.
            encoder: That built it.
            whole: Where ``version`` is one as of a day: the retriever of all of it, which knows whose scan is whose.

        Raises:
            EncoderMismatch: The encoder is not the one that built the index.
        """
        version.encoder.require(encoder.identity, "encoder")
        self.version = version
        self.encoder = encoder
        self._fingerprints = {modality: _fingerprints(index) for modality, index in version.indexes.items()}
        self._whole = whole
        self._pasts: dict[date, Retriever] = {}
        self._lock = threading.Lock()

    def report(self, scan: Scan, question: Question = PLAIN, others: Sequence[OtherScan] = ()) -> SimilarityReport:
        """Return the k most similar patients to the scan's, and what became of them.

        Never among them: the scan's own patient (by any id the index knows), a patient who has the same picture in
        the index, another modality, and, unless the filters mix ages, children for an adult or adults for a child.

        Args:
            scan: The query.
            question: What is asked about it.
            others: Further scans of the same patient; those of a later day are not used.

        Raises:
            InvalidRequest: k is out of range, a further scan is sent with a day that cannot be, facts contradict each
                other or the header, or there is no such outcome.
            LicenceExpired: The last day on which the index's data may be used is past.
            RefusedScan: The scan is blank, a lateral, unlike the index, dated after its patient's death, or nothing in
                the index may answer it; or a further scan is one that it cannot be compared with.
        """
        if not 1 <= question.k <= MAX_K:
            raise InvalidRequest(f"k is {question.k}; 1 to {MAX_K} are possible.")
        if question.counter is not None:
            outcome_named(question.counter)
        if question.time.as_of is None:
            return self._report(scan, question, others)
        return self.as_of(question.time.as_of)._report(scan, question, others)

    def as_of(self, day: date) -> "Retriever":
        """Return a retriever of what was known at the end of a day, which leaves the same own patients out.

        Raises:
            RefusedScan: No scan of the index is known to be from then or before.
        """
        with self._lock:
            if day not in self._pasts:
                while len(self._pasts) >= PASTS_HELD:
                    self._pasts.pop(next(iter(self._pasts)))
                self._pasts[day] = Retriever(past_of(self.version, day), self.encoder, whole=self)
            return self._pasts[day]

    def _report(self, scan: Scan, question: Question, others: Sequence[OtherScan]) -> SimilarityReport:
        own = own_scans(scan, others)
        self._require_alive((scan, *(one.scan for one in own.scans)))
        facts = {} if question.facts is None else settled(question.facts.stated, scan)
        scan = with_age_and_sex(scan, facts)
        candidates = self.candidates(scan, question.filters, [one.scan for one in others])
        embedding = self.embed(scan)
        verdict = self._judge(scan, embedding, question.false_refusal)
        if verdict is not None and verdict.is_refused:
            raise RefusedScan(Reason.UNLIKE_THE_INDEX, verdict.reason)
        earlier = tuple((one, self._embed_further(one, question.false_refusal)) for one in own.scans)
        columns = self.version.facts[scan.modality]
        compared = None if question.facts is None else Comparison(question.facts, facts, columns)
        asked = Asked(scan, question, candidates, embedding, earlier, own.notes, compared)
        likenesses = likenesses_of(self.version, asked)
        found = candidates.index.search(embedding, question.k, candidates.allowed, added(likenesses))
        return compose(self.version, asked, likenesses, found)

    def candidates(self, scan: Scan, filters: Filters, others: Sequence[Scan] = ()) -> Candidates:
        """Return who may answer a scan: what the filters allow, less its own patient.

        Args:
            scan: The query.
            filters: What neighbours must satisfy.
            others: Further scans of its patient, whose pictures tell the patient too.

        Raises:
            LicenceExpired: The last day on which the index's data may be used is past.
            RefusedScan: The scan is blank, a lateral, or nothing in the index may answer it.
        """
        if self.version.licence is not None:
            self.version.licence.require_valid()
        index = self._index_for(scan)
        own = frozenset[str]().union(*(self._own_patients(one) for one in (scan, *others)))
        columns = self.version.columns[scan.modality]
        allowed = columns.allowed(filters, for_child=scan.is_child) & ~columns.of_patients(own)
        if not allowed.any():
            raise _no_candidates(columns.has_age_group(for_child=scan.is_child), for_child=scan.is_child)
        return Candidates(index, allowed, len(own & self.version.cases.keys()))

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

    def _own_patients(self, scan: Scan) -> frozenset[str]:
        """Return the patients that are, or may be, the query's own: by id, or by the same picture.

        A picture of after the day that is asked about tells too: who the patient is informs no answer, it ends some.
        """
        if self._whole is not None:
            return self._whole._own_patients(scan)
        index = self.version.indexes.get(scan.modality)
        rows = [] if index is None else self._same_picture(scan).tolist()
        same_picture = {index.records[row].patient for row in rows} if index is not None else set()
        return self.version.patients_known_as(scan.patient_id) | same_picture

    def _require_alive(self, scans: Sequence[Scan]) -> None:
        """Raise RefusedScan where a scan is dated after the death of its patient, as the index records it."""
        for scan in scans:
            for patient in self.version.patients_known_as(scan.patient_id) & self.version.cases.keys():
                case = self.version.cases[patient]
                died = case.day_of(EventKind.DEATH)
                if case.clock is not Clock.CALENDAR or died is None or scan.study_date is None:
                    continue
                if day_number(scan.study_date) > died:
                    raise RefusedScan(
                        Reason.AFTER_DEATH,
                        "The index records that this patient died before the StudyDate of the scan: the PatientID, the "
                        "StudyDate or the record is wrong. Find out which; nothing can be told until then.",
                    )

    def _embed_further(self, one: EarlierScan, false_refusal: float | None) -> Embeddings:
        try:
            embedding = self.embed(one.scan)
        except RefusedScan as error:
            raise RefusedScan(error.reason, f"{one.name}: {error.message}") from error
        verdict = self._judge(one.scan, embedding, false_refusal)
        if verdict is not None and verdict.is_refused:
            raise RefusedScan(Reason.UNLIKE_THE_INDEX, f"{one.name}: {verdict.reason}")
        return embedding

    def _same_picture(self, scan: Scan) -> NDArray[np.int64]:
        if scan.modality not in self._fingerprints:
            return np.empty(0, np.int64)
        apart = bits_apart(fingerprint(scan), self._fingerprints[scan.modality])
        return np.flatnonzero(apart <= DUPLICATE_BITS)


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


def _fingerprints(index: ScanIndex) -> NDArray[np.uint8]:
    joined = b"".join(record.fingerprint for record in index.records)
    return np.frombuffer(joined, np.uint8).reshape(-1, FINGERPRINT_BYTES)
