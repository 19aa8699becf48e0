"""The report as a page of text: the neighbours, and under them what became of them."""

import io
from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scankin.api.time_page import time_parts
from scankin.retrieval.case import State
from scankin.retrieval.clinical.comparison import FactsReport
from scankin.retrieval.explanation import Explanation
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.report import CounterEvidence, SimilarCase, SimilarityReport
from scankin.retrieval.summaries import Interval, MeasureSummary, ShareSummary

MEDIA_TYPE = "text/plain"
WIDTH = 100

_MARKS = {
    State.HAPPENED: "yes",
    State.DID_NOT_HAPPEN: "no",
    State.UNKNOWN: "?",
    State.CENSORED: "lost",
    State.ALREADY_HAPPENED: "before",
}
_SHOWN_FINDINGS = 3
_SHOWN_FACTS = 6


def render(report: SimilarityReport) -> bytes:
    """Return the report as UTF-8 text of 100 columns, without colour."""
    sink = io.StringIO()
    Console(file=sink, width=WIDTH, color_system=None, highlight=False).print(page(report))
    return sink.getvalue().encode()


def page(report: SimilarityReport) -> RenderableType:
    """Return the report as something rich can print at any width."""
    query = report.query
    facts = ", ".join(filter(None, [query.modality.value, query.view, query.sex, query.age_band]))
    parts: list[RenderableType] = [
        Text(
            f"Query: {facts}. Compared with {query.candidate_scans:,} scans of {query.candidate_patients:,} "
            f"{query.age_group} patients."
        ),
        _neighbours("Most similar patients", report.neighbours),
        Text(
            "alike: cosine, 1 is the same. day: days since admission. Outcomes as recorded at any time; "
            "? is not recorded and never counted as no. before: happened before the scan, counted neither way.",
            "dim",
        ),
        Text(),
        _outcomes(report),
        *_abstained(report),
        Text(
            "yes of known, before, lost, unknown: of the patients above; lost: followed for a part of the time only. "
            "The estimate is of all patients who could answer, the most alike counting most, shrunk and calibrated "
            "when the index was built. Its interval is of the share among patients with scans as alike, not of one "
            "patient's own chance.",
            "dim",
        ),
        _shares("What their scans show", report.findings),
        Text(
            "Base rates: of all patients of this modality in the index in whom it is known. Findings that no "
            "neighbour shows, or that the index never states absent, are left out here; --json has them.",
            "dim",
        ),
        Text(),
    ]
    measured = [summary for summary in report.measures if summary.known]
    if measured:
        parts.append(_measures(measured, len(report.neighbours)))
    parts += time_parts(report)
    if report.facts is not None:
        parts += [_facts(report.facts, report.neighbours), *_bases(report), Text()]
    if report.counter is not None:
        parts += _counter(report.counter)
    if report.explanations is not None:
        parts += [_explanations(report.explanations), Text()]
    if report.cautions:
        parts += [Text("Cautions", "bold"), *(Padding(f"- {caution}", (0, 0, 0, 1)) for caution in report.cautions)]
    parts += [
        Text(),
        Text(f"Index {report.index.version}, encoder {report.index.encoder.name}.", "dim"),
        *([] if report.index.licence is None else [Text(report.index.licence.line, "dim")]),
        Text(report.notice, "bold"),
    ]
    return Group(*parts)


def _neighbours(title: str, cases: tuple[SimilarCase, ...]) -> Table:
    table = _table(title)
    for heading in ("#", "scan", "alike", "view", "age", "sex", "day"):
        table.add_column(heading, no_wrap=True)
    table.add_column("findings", min_width=12)
    # Of any time only: what happened within days is summed up below, and --json has every neighbour's.
    names = [outcome.name for outcome in all_outcomes() if outcome.horizon_days is None] if cases else []
    for name in names:
        table.add_column(_short(name), no_wrap=True)
    for case in cases:
        present = [name for name, state in case.findings.items() if state is State.HAPPENED]
        specific = _most_specific(present)
        shown = ", ".join(specific[:_SHOWN_FINDINGS]) + (" ..." if len(specific) > _SHOWN_FINDINGS else "")
        table.add_row(
            str(case.rank),
            case.scan,
            f"{case.similarity:.3f}",
            case.view or "?",
            case.age_band or "?",
            case.sex or "?",
            "?" if case.days_since_admission is None else str(case.days_since_admission),
            shown or "none stated",
            *(_MARKS[case.outcomes[name]] for name in names),
        )
    return table


def _facts(facts: FactsReport, cases: tuple[SimilarCase, ...]) -> Table:
    """Return the query's facts in the first column, and beside them those of as many neighbours as fit."""
    table = _table(f"Facts: the query's and its neighbours' (weight {facts.weight:g})")
    shown = [case for case in cases if case.facts is not None][:_SHOWN_FACTS]
    for heading in ("", "query", *(f"#{case.rank}" for case in shown)):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, value in facts.stated.items():
        label = f"{_label(name)} {facts.units[name]}".strip()
        table.add_row(label, _fact(value), *(_fact(case.facts.values[name]) for case in shown if case.facts))
    alike = ["-" if (one := case.likeness.get("facts")) is None else f"{one:.2f}" for case in shown]
    table.add_row("likeness", "", *alike, style="bold")
    table.add_row("shared", "", *(f"{case.facts.shared} of {len(facts.stated)}" for case in shown if case.facts))
    return table


def _fact(value: float | str | None) -> str:
    return "?" if value is None else value if isinstance(value, str) else f"{value:g}"


def _bases(report: SimilarityReport) -> Iterator[Text]:
    """Say once for each reason what the estimates of which outcomes rest on."""
    reasons: dict[str, list[str]] = {}
    for one in report.outcomes:
        if one.estimate.basis is not None:
            was = f" (picture alone: {_percent(one.estimate.basis.picture)})" if one.estimate.basis.has_facts else ""
            reasons.setdefault(one.estimate.basis.why, []).append(_label(one.counts.name) + was)
    for reason, names in reasons.items():
        yield Text(f"Estimate of {', '.join(names)}: {reason}.")


def _counter(counter: CounterEvidence) -> Iterator[RenderableType]:
    words = _label(counter.outcome)
    sides = (
        (f"is known: {words}", counter.happened, counter.patients_happened),
        (f"is known not: {words}", counter.did_not_happen, counter.patients_did_not_happen),
    )
    for title, cases, patients in sides:
        if cases:
            yield _neighbours(f"Nearest patients of whom {title} ({len(cases)} of {patients:,})", cases)
    yield Text(
        "#: rank among all who may answer. "
        + (f"In {counter.patients_neither:,} more patients it is not known, or had happened before: on neither side."),
        "dim",
    )
    if counter.note:
        yield Text(counter.note[:1].upper() + counter.note[1:])
    yield Text()


def _outcomes(report: SimilarityReport) -> Table:
    table = _table("What became of them, and of all alike patients")
    for heading in ("", "yes of known", "before", "lost", "unknown", "estimate", "95 %", "worth", "base", "age, sex"):
        table.add_column(heading, justify="left" if not heading else "right")
    for one in report.outcomes:
        counts, made = one.counts, one.estimate
        table.add_row(
            _label(counts.name),
            f"{counts.happened} of {counts.known}" if counts.known else "none known",
            str(counts.already),
            str(counts.censored),
            str(counts.unknown),
            _percent(made.estimate),
            _range(made.interval),
            "-" if made.estimate is None else f"{made.effective_n:.0f}",
            "-" if made.base is None else f"{_percent(made.base.share)} of {made.base.patients:,}",
            _percent(made.age_sex),
        )
    return table


def _abstained(report: SimilarityReport) -> Iterator[Text]:
    """Say once for each reason which outcomes have no estimate."""
    reasons: dict[str, list[str]] = {}
    for one in report.outcomes:
        if one.estimate.abstained is not None:
            reasons.setdefault(one.estimate.abstained, []).append(_label(one.counts.name))
    for reason, names in reasons.items():
        yield Text(f"No estimate of {', '.join(names)}: {reason}.")


def _shares(title: str, summaries: tuple[ShareSummary, ...]) -> Table:
    table = _table(title)
    for heading in ("", "yes of known", "unknown", "weighted", "95 % interval", "base rate"):
        table.add_column(heading, justify="left" if not heading else "right")
    for summary in summaries:
        # A finding that is never stated absent would always read 100 %: it says what was written, not what is so.
        if summary.happened == 0 or summary.base_rate == 1:
            continue
        table.add_row(
            _label(summary.name),
            f"{summary.happened} of {summary.known}" if summary.known else "none known",
            str(summary.unknown),
            _percent(summary.estimate),
            _range(summary.interval),
            "-" if summary.base_rate is None else f"{_percent(summary.base_rate)} of {summary.base_patients:,}",
        )
    return table


def _measures(summaries: list[MeasureSummary], neighbours: int) -> Table:
    table = _table("Severity, as read by people")
    for heading in ("", "known", "weighted mean", "95 % interval"):
        table.add_column(heading, justify="left" if not heading else "right")
    for summary in summaries:
        table.add_row(
            _label(summary.name),
            f"{summary.known} of {neighbours}",
            "-" if summary.estimate is None else f"{summary.estimate:.1f}",
            "-" if summary.interval is None else f"{summary.interval[0]:.1f} to {summary.interval[1]:.1f}",
        )
    return table


def _explanations(explanations: tuple[Explanation, ...]) -> Table:
    table = _table("Where their similarity comes from")
    for heading in ("#", "map", "better than random maps", "in the lungs", "lungs' area"):
        table.add_column(heading, justify="left" if heading == "map" else "right")
    for rank, explanation in enumerate(explanations, start=1):
        found, inside = explanation.faithfulness, explanation.in_lungs
        table.add_row(
            str(rank),
            "faithful" if found.is_faithful else "withheld",
            f"{found.random_maps - found.as_good} of {found.random_maps}",
            _percent(inside.share) if inside and found.is_faithful else "-",
            _percent(inside.area) if inside and found.is_faithful else "-",
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=0)


def _most_specific(present: list[str]) -> list[str]:
    """Return the findings, COVID-19 first; after it the kinds of pneumonia that it implies are left out."""
    implied = {"Pneumonia", "Viral Pneumonia"} if "COVID-19" in present else set()
    return sorted(set(present) - implied, key=lambda name: (name != "COVID-19", name))


def _label(name: str) -> str:
    return name.replace("_", " ")


def _short(name: str) -> str:
    return {"intensive_care": "ICU", "intubated": "tube", "oxygen": "O2"}.get(name, _label(name))


def _range(interval: Interval | None) -> str:
    return "-" if interval is None else f"{_percent(interval[0])} to {_percent(interval[1])}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
