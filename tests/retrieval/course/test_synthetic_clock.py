"""T10: what comes after the day that is asked about changes no byte of the answer, and a leak would be seen."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import a_scan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_clock import AS_OF, a_future, a_history, answer

from scankin.retrieval.course import past
from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.question import Question

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SEEDS, SEEDS, SEEDS)
def test_no_future_changes_an_answer_as_of_a_day(tmp_path: Path, seed: int, one: int, other: int) -> None:
    history = a_history(seed)
    assert answer(a_future(history, one, tmp_path)) == answer(a_future(history, other, tmp_path))


def test_the_answers_that_are_compared_say_something(tmp_path: Path) -> None:
    report = json.loads(answer(a_future(a_history(3), 1, tmp_path)))
    assert len(report["neighbours"]) == 8 and len(report["time"]["changes"]) == 2
    assert any(case["next"]["scans"] for case in report["neighbours"])
    assert any(case["next"]["events"] for case in report["neighbours"])
    assert any(case["likeness"]["trajectory"] for case in report["neighbours"])
    assert any(case["likeness"]["days"] for case in report["neighbours"])
    assert any(one["difference"] is not None for one in report["time"]["changes"][0]["measures"])
    assert all(one["estimate"] is None for one in report["outcomes"]) and report["curves"] == []
    assert past.NO_ESTIMATES in {one["abstained"] for one in report["outcomes"]}
    assert any(one["happened"] for one in report["outcomes"])


@pytest.mark.parametrize("leak", ["later events", "later scans", "findings and facts", "what was fitted"])
def test_a_planted_leak_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    history = a_history(3)
    if leak == "later events":
        monkeypatch.setattr(past, "known_by", lambda case, _day: case)
    elif leak == "later scans":
        monkeypatch.setattr(past, "day_number", lambda _on: 18_410)
    elif leak == "findings and facts":
        monkeypatch.setattr(past, "_then", lambda record, _case: record)
    else:
        whole = past.past_of
        monkeypatch.setattr(
            "scankin.retrieval.retriever.past_of",
            lambda version, on: replace(whole(version, on), calibration=version.calibration),
        )
    answers = {answer(a_future(history, seed, tmp_path)) for seed in range(6)}
    assert len(answers) > 1


def test_later_scans_of_the_querys_patient_change_nothing(tmp_path: Path) -> None:
    retriever = a_future(a_history(5), 2, tmp_path)
    assert answer(retriever) == answer(retriever, later_scans=3)


def test_before_the_first_scan_there_is_no_answer(tmp_path: Path) -> None:
    retriever = a_future(a_history(5), 2, tmp_path)
    with pytest.raises(RefusedScan, match="No scan of the index is known to be from") as caught:
        retriever.report(a_scan(1), Question(time=TimeAsked(as_of=AS_OF - timedelta(days=400))))
    assert caught.value.reason is Reason.NO_CANDIDATES


def test_an_answer_as_of_a_day_says_what_was_left_out(tmp_path: Path) -> None:
    retriever = a_future(a_history(5), 2, tmp_path)
    cautions = retriever.report(a_scan(1), Question(time=TimeAsked(as_of=AS_OF))).cautions
    assert past.NO_GATE in cautions[0] and f"As of {AS_OF.isoformat()}" in cautions[1]


def test_without_a_day_later_knowledge_is_told_of(tmp_path: Path) -> None:
    retriever = a_future(a_history(5), 2, tmp_path)
    dated = a_scan(1, study_date=AS_OF)
    assert any("later knowledge informs" in one for one in retriever.report(dated).cautions)
    assert not any("later knowledge" in one for one in retriever.report(a_scan(1)).cautions)
    late = a_scan(1, study_date=AS_OF + timedelta(days=100))
    assert not any("later knowledge" in one for one in retriever.report(late).cautions)


def test_whole_and_past_answers_do_not_mix(tmp_path: Path) -> None:
    retriever = a_future(a_history(5), 2, tmp_path)
    whole = retriever.report(a_scan(1)).as_json()
    answer(retriever)
    retriever.report(a_scan(1), others=[OtherScan(a_scan(2), -1)])
    assert retriever.report(a_scan(1)).as_json() == whole
