"""Random histories up to a day, each with as many futures as wanted: what the synthetic clock is tested with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from builders import a_record, a_scan, a_version, unit

from scankin.models import load_encoder
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.days import QueryDays
from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.estimates.age_sex import AgeSexModel
from scankin.retrieval.estimates.calibration import Fit, Losses, ModalityCalibration, OutcomeCalibration
from scankin.retrieval.estimates.kernel import Kernel
from scankin.retrieval.estimates.posterior import Shape
from scankin.retrieval.estimates.prognosis import Prognosis
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.question import Question
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Age, Modality

ENCODER = load_encoder("thumbnail")
TODAY = 18_400
AS_OF = date(1970, 1, 1) + timedelta(days=TODAY)
KINDS = (EventKind.ICU_ADMISSION, EventKind.INTUBATION, EventKind.OXYGEN, EventKind.DEATH)
ANCHORS = (EventKind.ADMISSION, EventKind.SYMPTOM_ONSET, EventKind.POSITIVE_SWAB)


@dataclass(frozen=True)
class History:
    """What is so up to the end of a day; ``open`` names what the future decides of a patient who is still followed."""

    records: tuple[ScanRecord, ...]
    vectors: np.ndarray
    events: Mapping[str, tuple[Event, ...]]
    open: Mapping[str, tuple[EventKind, ...]]
    lost_on: Mapping[str, int | None]


def a_history(seed: int, patients: int = 14) -> History:
    """A history of patients with one to four scans, severity read in most, of whom a third are lost by the day."""
    rng = np.random.default_rng(seed)
    records: list[ScanRecord] = []
    events, undecided, lost_on = {}, {}, {}
    for patient in (f"p{n:02}" for n in range(patients)):
        first = TODAY - int(rng.integers(0, 25))
        days = sorted({first, *rng.integers(first, TODAY + 1, int(rng.integers(0, 4))).tolist()})
        for day in days:
            measures = {"brixia": float(rng.integers(0, 19))} if rng.random() < 0.8 else {}
            records.append(a_record(len(records), patient, day=day, measures=measures, age=Age.of(60)))
        is_lost = bool(rng.random() < 0.3)
        happened = [Event(kind, True, first - int(rng.integers(0, 6))) for kind in ANCHORS if rng.random() < 0.7]
        waiting = []
        for kind in KINDS:
            chance = rng.random()
            if chance < 0.3 and kind is not EventKind.DEATH:
                happened.append(Event(kind, True, int(rng.integers(first, TODAY + 1))))
            elif chance < 0.8 and not is_lost:
                waiting.append(kind)
        events[patient], undecided[patient] = tuple(happened), tuple(waiting)
        lost_on[patient] = int(rng.integers(days[-1], TODAY + 1)) if is_lost else None
    vectors = rng.normal(size=(len(records), 256)) + 0.7 * rng.normal(size=256)
    return History(tuple(records), unit(vectors), events, undecided, lost_on)


def a_future(history: History, seed: int, folder: Path) -> Retriever:
    """The index of a later day: all that was open is settled, everybody may have further scans, others have come."""
    rng = np.random.default_rng(seed)
    records, vectors, cases = list(history.records), [history.vectors], []
    number = 10_000
    newcomers = [f"pnew{n}" for n in range(int(rng.integers(0, 4)))]
    for patient in [*history.events, *newcomers]:
        settled = list(history.events.get(patient, ()))
        for kind in history.open.get(patient, KINDS):
            comes = rng.random() < 0.5
            settled.append(Event(kind, True, TODAY + int(rng.integers(1, 40))) if comes else Event(kind, False))
        lost = history.lost_on.get(patient)
        seen = TODAY + int(rng.integers(1, 60)) if lost is None else lost
        facts = {"ward": str(rng.integers(100))}
        cases.append(Case(patient, "test", Clock.CALENDAR, tuple(settled), seen, facts))
        for _ in range(int(rng.integers(patient in newcomers, 4)) if lost is None else 0):
            day = TODAY + int(rng.integers(1, 50))
            records.append(a_record(number, patient, day=day, measures={"brixia": float(rng.integers(0, 19))}))
            vectors.append(unit(rng.normal(size=(1, 256))))
            number += 1
    # Findings are stated some time or other: when is not recorded, so they too may be of the future.
    records = [
        replace(one, findings={"COVID-19": bool(rng.random() < 0.5)}, facts={"crp": float(rng.integers(1, 300))})
        for one in records
    ]
    version = a_version(folder, records, np.vstack(vectors), ENCODER.identity, cases, aliases={"TEST-1": ("p00",)})
    return Retriever(replace(version, calibration={Modality.XRAY: a_calibration(rng, len(records))}), ENCODER)


def a_calibration(rng: np.random.Generator, scans: int) -> ModalityCalibration:
    """One fitted to a future of so many scans."""
    base, slope = rng.uniform(0.1, 0.9, 2)
    fit = Fit(Kernel(float(10 * base), 1.0), Shape(4.0, 0.0, float(slope)), 1.0, Losses(0.5, 0.6, 0.7))
    age_sex = AgeSexModel(*(float(one) for one in rng.normal(size=4)))
    scores = Prognosis(rng.normal(size=256).astype(np.float32), 0.0, rng.normal(size=scans).astype(np.float32))
    return ModalityCalibration(
        {one.name: OutcomeCalibration(None, fit, age_sex) for one in all_outcomes()},
        float(rng.uniform(-1, 1)),
        {one.name: scores for one in all_outcomes()},
    )


def answer(retriever: Retriever, later_scans: int = 0) -> bytes:
    """The answer to one query as of the day, in bytes; further scans of after the query may be sent with it."""
    others = [OtherScan(a_scan(2), -3), OtherScan(a_scan(3), -9)]
    others += [OtherScan(a_scan(50 + n), 1 + n) for n in range(later_scans)]
    time = TimeAsked(QueryDays(4, 8, 5), 0.3, 0.3, AS_OF)
    query = a_scan(1, patient_id="TEST-1", age=Age.of(61))
    report = replace(retriever.report(query, Question(8, time=time), others), cautions=())
    return json.dumps(report.as_json()).encode()
