"""Counter-evidence: the nearest on either side of an outcome."""

import re
from pathlib import Path

import pytest
from builders import a_scan
from stores import a_retriever

from scankin.retrieval.case import Case, Event, EventKind
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.question import Question


def cases(died: dict[int, bool]) -> list[Case]:
    return [Case(f"p{n:015x}", "test", events=(Event(EventKind.DEATH, one),)) for n, one in died.items()]


def test_both_sides_are_the_nearest_of_the_whole_order_and_unknown_is_on_neither(tmp_path: Path) -> None:
    died = {n: n % 4 == 0 for n in range(40) if n % 3}
    retriever = a_retriever(tmp_path, cases=cases(died))
    whole = retriever.report(a_scan(99), Question(40)).neighbours
    counter = retriever.report(a_scan(99), Question(3, counter="died")).counter
    assert counter is not None and counter.note is None
    order = [(case.rank, int(case.scan[1:], 16), case.similarity) for case in whole]
    for side, wanted in ((counter.happened, True), (counter.did_not_happen, False)):
        expected = [(rank, n, similarity) for rank, n, similarity in order if died.get(n) is wanted][:3]
        assert [(case.rank, int(case.scan[1:], 16), case.similarity) for case in side] == expected
    assert counter.patients_happened == sum(died.values())
    assert counter.patients_did_not_happen == len(died) - sum(died.values())
    assert counter.patients_neither == 40 - len(died)


@pytest.mark.parametrize(
    ("died", "said"),
    [
        ({}, "it is known of nobody who may answer"),
        ({3: False, 5: False}, r"it happened to nobody who may answer \(2 of 2 known\)"),
        ({3: True}, r"it happened to all who may answer \(1 of 1 known\)"),
    ],
)
def test_an_outcome_that_nobody_or_everybody_has_is_told(tmp_path: Path, died: dict[int, bool], said: str) -> None:
    counter = a_retriever(tmp_path, cases=cases(died)).report(a_scan(99), Question(5, counter="died")).counter
    assert counter is not None and counter.note is not None
    assert re.search(said, counter.note)
    assert len(counter.happened) == sum(died.values())
    assert len(counter.did_not_happen) == len(died) - sum(died.values())


def test_an_outcome_that_is_not_known_offers_near_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"There is no outcome 'dead'\. Is died or died_7d or died_30d meant"):
        a_retriever(tmp_path).report(a_scan(99), Question(counter="dead"))
