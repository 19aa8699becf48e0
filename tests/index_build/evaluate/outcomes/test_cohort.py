from dataclasses import replace

import numpy as np
from builders import a_record, an_identity, an_outcome_cohort, unit

from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort
from scankin.retrieval.case import Case, Clock, Event, EventKind


def test_a_patient_asks_by_the_first_film_since_admission() -> None:
    days = {"a": (-3, 4, 2), "b": (None, 7), "c": (-9, -2), "d": (None,)}
    records, people = [], []
    for person, (patient, held) in enumerate(days.items()):
        for day in held:
            records.append(a_record(len(records), patient, day=day))
            people.append(person)
    cases = {
        name: Case(name, "test", Clock.ADMISSION, (Event(EventKind.ADMISSION, True, 0),)) for name in ("a", "b", "c")
    } | {"d": Case("d", "test")}
    cohort = OutcomeCohort(
        tuple(records),
        unit(np.eye(len(records))),
        np.array(people),
        cases,
        np.ones(len(records), bool),
        an_identity(len(records)),
    )
    chosen = [(records[row].patient, records[row].day) for row in cohort.firsts]
    assert chosen == [("a", 2), ("b", 7), ("c", -9), ("d", None)]  # c has none since: the first of all


def test_some_films_keep_their_people_and_groups() -> None:
    cohort = replace(an_outcome_cohort(1, patients=20), people=np.arange(20) // 2)
    some = cohort.only(np.array([5, 2]))
    assert some.people.tolist() == [2, 1] and some.source_ids == ("film-5", "film-2")
    assert some.groups["site"] == (cohort.records[5].site, cohort.records[2].site)
    assert set(some.groups["device"]) == {None}
