import numpy as np
import pytest
from builders import a_record

from scankin.retrieval.case import Case, Event, EventKind
from scankin.retrieval.estimates.evidence import EVENTS_ONLY, NOBODY, base_rate, evidence_of
from scankin.retrieval.outcomes import Outcome, all_outcomes

DEATH = EventKind.DEATH


def outcome(name: str) -> Outcome:
    return next(one for one in all_outcomes() if one.name == name)


def evidence(name: str, cases: list[Case], collection: str = "test"):  # type: ignore[no-untyped-def]
    records = [a_record(number, case.patient, day=0, collection=collection) for number, case in enumerate(cases)]
    return evidence_of(outcome(name), records, {case.patient: case for case in cases})


def died(number: int, day: int) -> Case:
    return Case(f"p{number}", "test", events=(Event(DEATH, True, day),))


def lived(number: int, alive: int | None) -> Case:
    return Case(f"p{number}", "test", events=(Event(DEATH, False),), last_seen_alive=alive)


def test_survivors_who_are_followed_stand_for_those_who_were_lost() -> None:
    # 3 die by day 30; of 12 survivors 4 are followed for 30 days. Of the known 3 in 7 died; of all 3 in 15.
    cases = [
        *(died(n, 5) for n in range(3)),
        *(lived(10 + n, 40) for n in range(4)),
        *(lived(20 + n, 9) for n in range(8)),
    ]
    found = evidence("died_30d", cases)
    rate = base_rate(found, np.arange(len(cases)))
    assert found.weight.tolist() == [1.0] * 3 + [3.0] * 4 + [0.0] * 8
    assert rate is not None and (rate.share, rate.patients) == (pytest.approx(3 / 15), 7)


def test_a_collection_that_dates_only_deaths_tells_nothing_of_within_days() -> None:
    found = evidence("died_30d", [*(died(n, 5) for n in range(5)), *(lived(10 + n, None) for n in range(20))])
    assert (found.weight.tolist(), found.nothing_because) == ([0.0] * 25, EVENTS_ONLY)
    assert base_rate(found, np.arange(25)) is None


def test_outcomes_of_any_time_weigh_one_each_and_unknown_ones_nothing() -> None:
    found = evidence("died", [died(1, 5), lived(2, None), Case("p3", "test")])
    assert found.weight.tolist() == [1.0, 1.0, 0.0]


def test_an_outcome_that_nobody_has_is_said_to_be_known_in_nobody() -> None:
    assert evidence("oxygen_7d", [died(1, 5), lived(2, 40)]).nothing_because == NOBODY


def test_a_patient_with_several_scans_counts_once_in_the_base_rate() -> None:
    cases = [died(1, 5), lived(2, None)]
    records = [a_record(0, "p1", day=0), a_record(1, "p1", day=1), a_record(2, "p1", day=2), a_record(3, "p2", day=0)]
    found = evidence_of(outcome("died"), records, {case.patient: case for case in cases})
    rate = base_rate(found, np.array([0, 0, 0, 1]))
    assert rate is not None and (rate.share, rate.patients) == (0.5, 2)
