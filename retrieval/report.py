"""The one answer every door gives: similar cases, what became of them, and how far to trust it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.case import State
from scankin.retrieval.clinical.comparison import CaseFacts, FactsReport
from scankin.retrieval.course.told import CaseTime, TimeReport
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.estimates.curves import Curve
from scankin.retrieval.estimates.estimate import OutcomeEstimate
from scankin.retrieval.explanation import Explanation
from scankin.retrieval.licence import Licence
from scankin.retrieval.scan import Modality
from scankin.retrieval.summaries import Interval, MeasureSummary, OutcomeCounts, ShareSummary

SCHEMA = "scankin.report/1"

NOTICE = (
    "Research use only. Not UKCA or CE marked, not a medical device: it must not inform the care of a patient. "
    "Similar pictures of other people are not a diagnosis or a prognosis."
)

ESTIMATE_DECIMALS = 4


@dataclass(frozen=True)
class QueryFacts:
    """What was asked, as far as it may be shown.

    Attributes:
        modality: Of the query.
        view, age_band, sex: As read; None when not stated.
        age_group: "adult" or "child": who may answer; an age that is not stated counts as adult.
        slices: Slices encoded, of how many in the series: 1 of 1 for a film.
        k: Patients asked for.
        filters: Those that were set.
        candidate_scans: Scans that could have answered, after filters and exclusions.
        candidate_patients: Their patients.
    """

    modality: Modality
    view: str | None
    age_band: str | None
    sex: str | None
    age_group: str
    slices: tuple[int, int]
    k: int
    filters: Mapping[str, Any]
    candidate_scans: int
    candidate_patients: int


@dataclass(frozen=True)
class SimilarCase:
    """One neighbour, by keys of the index.

    Attributes:
        rank: From 1.
        scan, patient: Keys of the index.
        similarity: Cosine in [-1, 1].
        likeness: How alike the patients are in other respects that were asked for, in [0, 1]; None: cannot be told.
        score: What the neighbours are ordered by: the cosine, and each likeness times its weight.
        modality, view, age_band, sex, site: As recorded; None when not.
        days_since_admission: None when unknown.
        findings: State of every finding the index knows, in this scan.
        outcomes: State of every outcome, in this patient.
        time: How far into the illness the scan is, and what came after it.
        facts: Clinical facts beside the query's; None unless facts were asked for.
    """

    rank: int
    scan: str
    patient: str
    similarity: float
    likeness: Mapping[str, float | None]
    score: float
    modality: Modality
    view: str | None
    age_band: str | None
    sex: str | None
    site: str | None
    days_since_admission: int | None
    findings: Mapping[str, State]
    outcomes: Mapping[str, State]
    time: CaseTime
    facts: CaseFacts | None = None


@dataclass(frozen=True)
class OutcomeReport:
    """One outcome: what became of the neighbours shown, and what all alike patients let one expect.

    Attributes:
        counts: Of the neighbours shown.
        estimate: Over all patients who could answer, the most similar counting most.
    """

    counts: OutcomeCounts
    estimate: OutcomeEstimate


@dataclass(frozen=True)
class CounterEvidence:
    """The nearest patients on either side of one outcome; those in whom it is unknown are on none.

    Attributes:
        outcome: Its name.
        happened, did_not_happen: At most k each, most similar first; ranks are those among all who may answer.
        patients_happened, patients_did_not_happen, patients_neither: Of all who may answer.
        note: What to know where a side is empty; None where none is.
    """

    outcome: str
    happened: tuple[SimilarCase, ...]
    did_not_happen: tuple[SimilarCase, ...]
    patients_happened: int
    patients_did_not_happen: int
    patients_neither: int
    note: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "outcome": self.outcome,
            "happened": [_neighbour(case) for case in self.happened],
            "did_not_happen": [_neighbour(case) for case in self.did_not_happen],
            "patients": {
                "happened": self.patients_happened,
                "did_not_happen": self.patients_did_not_happen,
                "neither": self.patients_neither,
            },
            "note": self.note,
        }


@dataclass(frozen=True)
class IndexFacts:
    """Which index answered.

    Attributes:
        version: Of the store.
        encoder: What made its vectors.
        manifest: SHA-256 (hex) of the version's manifest.
        licence: Of its data; None when its owner set none.
    """

    version: str
    encoder: EncoderIdentity
    manifest: str
    licence: Licence | None = None


@dataclass(frozen=True)
class SimilarityReport:
    """The answer to one query.

    Attributes:
        query: What was asked.
        neighbours: Most similar first, each patient once.
        findings: A summary of every finding the index knows, by name.
        outcomes: Counts and estimate of every outcome.
        curves: Cumulative incidence by day, of outcomes within 30 days that have an estimate.
        measures: A summary of every severity measure, by name.
        time: What was asked of time, and what changed since earlier scans of the patient.
        cautions: What limits this answer, in words.
        index: Which index answered.
        notice: That this is for research.
        explanations: Why each neighbour is similar, in their order; None unless asked for.
        facts: The query's clinical facts; None unless asked for.
        counter: Counter-evidence of one outcome; None unless asked for.
    """

    query: QueryFacts
    neighbours: tuple[SimilarCase, ...]
    findings: tuple[ShareSummary, ...]
    outcomes: tuple[OutcomeReport, ...]
    curves: tuple[Curve, ...]
    measures: tuple[MeasureSummary, ...]
    time: TimeReport
    cautions: tuple[str, ...]
    index: IndexFacts
    notice: str = field(default=NOTICE)
    explanations: tuple[Explanation, ...] | None = None
    facts: FactsReport | None = None
    counter: CounterEvidence | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values, documented in ``docs/report.md``."""
        return {
            "schema": SCHEMA,
            "query": {
                "modality": self.query.modality.value,
                "view": self.query.view,
                "age_band": self.query.age_band,
                "sex": self.query.sex,
                "age_group": self.query.age_group,
                "slices": {"encoded": self.query.slices[0], "in_series": self.query.slices[1]},
                "k": self.query.k,
                "filters": dict(self.query.filters),
                "candidates": {"scans": self.query.candidate_scans, "patients": self.query.candidate_patients},
            },
            "neighbours": [_neighbour(case) for case in self.neighbours],
            "findings": [_share(summary) for summary in self.findings],
            "outcomes": [_outcome(one) for one in self.outcomes],
            "curves": [_curve(one) for one in self.curves],
            "measures": [
                {
                    "name": summary.name,
                    "estimate": _rounded(summary.estimate),
                    "interval": _interval(summary.interval),
                    "known": summary.known,
                }
                for summary in self.measures
            ],
            "time": self.time.as_json(),
            "cautions": list(self.cautions),
            "index": {
                "version": self.index.version,
                "encoder": asdict(self.index.encoder),
                "manifest": self.index.manifest,
                "licence": self.index.licence and self.index.licence.as_json(),
            },
            "explanations": None if self.explanations is None else [one.as_json() for one in self.explanations],
            "facts": self.facts and self.facts.as_json(),
            "counter": self.counter and self.counter.as_json(),
            "notice": self.notice,
        }


def _neighbour(case: SimilarCase) -> dict[str, Any]:
    return {
        "rank": case.rank,
        "scan": case.scan,
        "patient": case.patient,
        "similarity": case.similarity,
        "likeness": {name: _rounded(value) for name, value in case.likeness.items()},
        "score": case.score,
        "modality": case.modality.value,
        "view": case.view,
        "age_band": case.age_band,
        "sex": case.sex,
        "site": case.site,
        "days_since_admission": case.days_since_admission,
        "findings": {name: state.value for name, state in case.findings.items()},
        "outcomes": {name: state.value for name, state in case.outcomes.items()},
        **case.time.as_json(),
        "facts": case.facts and case.facts.as_json(),
    }


def _share(summary: ShareSummary) -> dict[str, Any]:
    return {
        "name": summary.name,
        "happened": summary.happened,
        "known": summary.known,
        "unknown": summary.unknown,
        "estimate": _rounded(summary.estimate),
        "interval": _interval(summary.interval),
        "base_rate": _rounded(summary.base_rate),
        "base_rate_patients": summary.base_patients,
    }


def _outcome(one: OutcomeReport) -> dict[str, Any]:
    counts, made = one.counts, one.estimate
    return {
        "name": counts.name,
        "happened": counts.happened,
        "known": counts.known,
        "already_happened": counts.already,
        "censored": counts.censored,
        "unknown": counts.unknown,
        "estimate": _rounded(made.estimate),
        "interval": _interval(made.interval),
        "abstained": made.abstained,
        "effective_n": round(made.effective_n, 1),
        "estimate_patients": made.patients,
        "base_rate": None if made.base is None else _rounded(made.base.share),
        "base_rate_patients": 0 if made.base is None else made.base.patients,
        "age_sex": _rounded(made.age_sex),
        "basis": made.basis and {**asdict(made.basis), "picture": _rounded(made.basis.picture)},
    }


def _curve(one: Curve) -> dict[str, Any]:
    return {
        "name": one.name,
        "patients": one.patients,
        "effective_n": round(one.effective_n, 1),
        "days": list(range(len(one.happened))),
        "happened": _list(one.happened),
        "low": _list(one.low),
        "high": _list(one.high),
        "died_without": _list(one.competing),
        "at_risk": one.at_risk.tolist(),
    }


def _list(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), ESTIMATE_DECIMALS) for value in values]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, ESTIMATE_DECIMALS)


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(bound, ESTIMATE_DECIMALS) for bound in interval]
