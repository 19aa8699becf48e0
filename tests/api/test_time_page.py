"""Time on the page of text: one axis of days, and what is not known as a question mark."""

from pathlib import Path

import pytest
from builders import a_scan
from stores import a_dated_retriever

from scankin.api.renderers import text
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.days import QueryDays
from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.question import Question
from scankin.retrieval.retriever import Retriever

DAY = 18_360


@pytest.fixture
def retriever(tmp_path: Path) -> Retriever:
    events = ((EventKind.ADMISSION, DAY - 5), (EventKind.INTUBATION, DAY + 4), (EventKind.DEATH, DAY + 40))
    cases = [
        Case("p0", "test", Clock.CALENDAR, tuple(Event(kind, True, day) for kind, day in events)),
        Case("p1", "test", Clock.CALENDAR, (), DAY + 12),
    ]
    scans = [a_scan(n) for n in range(3)]
    return a_dated_retriever(tmp_path, scans, ["p0", "p1", "p2"], [DAY, DAY, None], cases)


def rows_under(page: str, title: str) -> dict[str, str]:
    """The rows of a table by their first word, without its head."""
    lines = page[page.index(title) :].splitlines()[3:]
    table = lines[: next(n for n, line in enumerate(lines) if not line.strip())]
    return {line.split()[0]: " ".join(line.split()[1:]) for line in table if line.split()[0].isdigit()}


def test_events_stand_in_the_column_of_their_days(retriever: Retriever) -> None:
    report = retriever.report(a_scan(99))
    page = text.render(report).decode()
    ranks = {case.patient: str(case.rank) for case in report.neighbours}
    found = rows_under(page, "What happened next")
    assert found == {ranks["p0"]: "4 tube 40 DIED -", ranks["p1"]: "12"}
    head = page[page.index("What happened next") :].splitlines()[2]
    row = next(line for line in page[page.index("What happened next") :].splitlines() if "DIED" in line)
    assert row.index("4 tube") == head.index("3-6") and row.index("40 DIED") == head.index("30+")
    assert "Of 1 neighbours the day of the scan is not known" in " ".join(page.split())


def test_days_and_change_are_shown_only_where_they_were_asked_for(retriever: Retriever) -> None:
    plain = text.render(retriever.report(a_scan(99))).decode()
    assert "days alike" not in plain and "Since the scan" not in plain
    asked = Question(time=TimeAsked(QueryDays(since_admission=5)))
    report = retriever.report(a_scan(99), asked, [OtherScan(a_scan(98), -3)])
    page = text.render(report).decode()
    ranks = {case.patient: str(case.rank) for case in report.neighbours}
    days = rows_under(page, "Days (query: day 5 since admission)")
    assert days[ranks["p0"]].startswith("5 ? ? 1.00 ? ") and days[ranks["p2"]].startswith("? ? ? ? ? ")
    assert f"Since the scan 3 days before: similarity {report.time.changes[0].similarity:.3f}" in page
    assert "how usual that is cannot be told: 0 patients" in " ".join(page.split())
