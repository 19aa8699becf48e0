"""Time on the page of text: what the days are, what changed, and what happened to the neighbours next."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scankin.retrieval.case import EventKind
from scankin.retrieval.course.afterwards import Afterwards
from scankin.retrieval.course.change import Change
from scankin.retrieval.report import SimilarCase, SimilarityReport

SPANS = ((0, 0), (1, 2), (3, 6), (7, 13), (14, 29), (30, None))
"""Days after the matched scan that share a column."""

_EVENTS = {
    EventKind.ICU_ADMISSION: "ICU",
    EventKind.ICU_RELEASE: "left ICU",
    EventKind.INTUBATION: "tube",
    EventKind.EXTUBATION: "tube out",
    EventKind.OXYGEN: "O2",
    EventKind.DEATH: "DIED",
    EventKind.ADMISSION: "admitted",
    EventKind.SYMPTOM_ONSET: "symptoms",
    EventKind.POSITIVE_SWAB: "swab +",
}


def time_parts(report: SimilarityReport) -> Iterator[RenderableType]:
    """Yield the tables that have something to say."""
    asked = report.time.asked
    if asked.days.are_stated or report.time.changes:
        yield _days(report)
        yield Text(
            "score: the cosine, and each likeness times its weight "
            f"(days {asked.days_weight:g}, course {asked.trajectory_weight:g}); ? is not known and adds nothing.",
            "dim",
        )
    for change in report.time.changes:
        yield from _change(change)
    if report.time.changes:
        yield Text(
            "What is expected is the mean of similar patients, and its interval is of that mean: a patient's own "
            "change often lies outside it.",
            "dim",
        )
    recorded = [(case.rank, case.time.next) for case in report.neighbours if case.time.next is not None]
    if recorded:
        yield _next(recorded)
        unknown = len(report.neighbours) - len(recorded)
        yield Text(
            "Days since the scan that matched; a film's number in brackets is its cosine to the query. alive: last day "
            "known alive. Where nothing stands, nothing was recorded."
            + (f" Of {unknown} neighbours the day of the scan is not known." if unknown else ""),
            "dim",
        )


def _days(report: SimilarityReport) -> Table:
    stated = ", ".join(
        f"day {value} since {_words(kind)}"
        for kind, value in report.time.asked.days.by_anchor.items()
        if value is not None
    )
    table = _table("Days" + (f" (query: {stated})" if stated else ""))
    for heading in ("#", "since admission", "symptoms", "swab", "days alike", "course alike", "score"):
        table.add_column(heading, justify="right")
    for case in report.neighbours:
        table.add_row(
            str(case.rank),
            *("?" if value is None else str(value) for value in case.time.days.values()),
            *(_alike(case, name) for name in ("days", "trajectory")),
            f"{case.score:.3f}",
        )
    return table


def _alike(case: SimilarCase, name: str) -> str:
    if name not in case.likeness:
        return "-"
    value = case.likeness[name]
    return "?" if value is None else f"{value:.2f}"


def _change(change: Change) -> Iterator[RenderableType]:
    usual = change.like_pairs
    if usual.share is None or usual.interval is None:
        words = f"how usual that is cannot be told: {usual.patients} patients of the index have two scans as far apart"
    else:
        low, high = usual.interval
        words = (
            f"at most so similar are the two scans of {100 * usual.share:.0f} % ({100 * low:.0f} to "
            f"{100 * high:.0f} %) of the {usual.patients} patients of the index who have two as far apart"
        )
    yield Text(f"Since the scan {change.days_before} days before: similarity {change.similarity:.3f}; {words}.")
    if not change.measures:
        return
    table = _table("Severity that similar patients let one expect")
    for heading in ("", "then", "now", "change", "95 %", "known then, now"):
        table.add_column(heading, justify="left" if not heading else "right")
    for one in change.measures:
        table.add_row(
            one.name.replace("_", " "),
            _number(one.earlier),
            _number(one.now),
            "cannot be told" if one.difference is None else f"{one.difference:+.1f}",
            "-" if one.interval is None else f"{one.interval[0]:+.1f} to {one.interval[1]:+.1f}",
            f"{one.known_earlier}, {one.known_now}",
        )
    yield table


def _next(recorded: Sequence[tuple[int, Afterwards]]) -> Table:
    table = _table("What happened next")
    table.add_column("#", no_wrap=True)
    for low, high in SPANS:
        table.add_column(f"day {low}" if low == high else f"{low}+" if high is None else f"{low}-{high}")
    table.add_column("alive", justify="right")
    for rank, held in recorded:
        entries = sorted(
            [(one.day, f"{one.day} {_film(one.similarity, one.modality)}") for one in held.scans]
            + [(one.day, f"{one.day} {_EVENTS[one.kind]}") for one in held.events]
        )
        cells = [
            ", ".join(text for day, text in entries if (low <= day or low == 0) and (high is None or day <= high))
            for low, high in SPANS
        ]
        table.add_row(str(rank), *cells, "-" if held.last_known_alive is None else str(held.last_known_alive))
    return table


def _film(similarity: float | None, modality: str) -> str:
    return (
        modality if similarity is None else f"film ({similarity:.2f})" if modality != "CT" else f"CT ({similarity:.2f})"
    )


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=0)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _words(kind: EventKind) -> str:
    return {EventKind.SYMPTOM_ONSET: "the first symptom", EventKind.POSITIVE_SWAB: "the first positive swab"}.get(
        kind, kind.value
    )
