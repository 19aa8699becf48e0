"""The page: facts measured, plots drawn, a template filled. One HTML file that asks nothing of any network."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from markupsafe import Markup

from scankin.index_build.casebook import Casebook
from scankin.index_build.describe.disclosure import FEWEST, Grid, few_or
from scankin.index_build.describe.facts import CTS, FILMS, FREE, OTHERS, PATIENTS, SHOWING, Facts, facts_of
from scankin.index_build.describe.faults import Faults, faults_of
from scankin.index_build.describe.fields import FieldFacts, field_facts_of
from scankin.index_build.describe.leaks import Handling, Leaks, leaks_of
from scankin.index_build.describe.outcomes import OutcomeFacts, outcome_facts_of
from scankin.index_build.describe.rows import NOT_STATED, rows_of
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import Plot, environment_of, plots
from scankin.retrieval.report import NOTICE

PAGE = "describe.html"
TEMPLATE = "page.html.j2"
MOST_CENTRES = 40
"""Centres drawn, of those of five patients or more; the tables have all."""
_HANDLING_COLOURS = {
    Handling.KEEP_OUT: plots.ORANGE,
    Handling.HOLD_OUT: plots.PURPLE,
    Handling.COMPARE_WITHIN: plots.BLUE,
}


@dataclass(frozen=True)
class Described:
    """A page that was written.

    Attributes:
        page: Where.
        worst_leak: One line on what leaks the label most, or why nothing could be measured.
    """

    page: Path
    worst_leak: str


def describe(casebook: Path, into: Path, *, made: date | None = None) -> Described:
    """Write the page about a casebook; the same casebook gives the same bytes, but for the date.

    Args:
        casebook: Folder of the casebook.
        into: Folder of the page; made when it is not there.
        made: Date on the page; today (UTC) unless given.

    Raises:
        CasebookError: There is no casebook, or it does not match its manifest.
        OSError: The disk refuses the write; an older page stays whole.
    """
    book = Casebook.load(casebook)
    text, leaks = render(book, made or datetime.now(UTC).date())
    into.mkdir(parents=True, exist_ok=True)
    replaced(into / PAGE, text.encode())
    return Described(into / PAGE, worst_leak(leaks))


def worst_leak(leaks: Leaks) -> str:
    """Return one line on what leaks the label most."""
    if not leaks.measured:
        return "No leak of the COVID-19 label could be measured: too few films state it both ways."
    worst = leaks.measured[0]
    return f"Worst leak of the COVID-19 label: {worst.fact.name}, AUC {worst.auc}; it {worst.level}."


def render(book: Casebook, made: date) -> tuple[str, Leaks]:
    """Return the page as text, and the leaks it warns of."""
    rows = rows_of(book)
    facts, fields, faults = facts_of(book, rows), field_facts_of(book, rows), faults_of(book, rows)
    outcomes, leaks = outcome_facts_of(rows), leaks_of(rows)
    environment = environment_of(Path(__file__).parent)
    environment.filters["few_or"] = few_or
    text = environment.get_template(TEMPLATE).render(
        made=made.isoformat(),
        licence=book.settings.licence_terms(),
        notice=NOTICE,
        version=version("scankin"),
        content=book.content,
        fewest=FEWEST,
        not_stated=NOT_STATED,
        facts=facts,
        fields=fields,
        faults=faults,
        outcomes=outcomes,
        leaks=leaks,
        handling=Handling,
        plots={
            "centres": list(_centre_plots(facts)),
            "months": list(_month_plots(facts)),
            "people": list(_people_plots(facts)),
            "fields": list(_field_plots(fields)),
            "outcomes": list(_outcome_plots(outcomes)),
            "faults": list(_fault_plots(faults)),
            "leaks": list(_leak_plots(leaks)),
        },
    )
    return text, leaks


def _plot(title: str, svg: str) -> Plot:
    return Plot(title, Markup(svg))  # names in it are escaped by the SVG writer


def _centre_plots(facts: Facts) -> Iterator[Plot]:
    for title, grid, column, colour in (
        ("Patients by centre", facts.centres, PATIENTS, plots.BLUE),
        ("Films by centre", facts.scans_by_centre, FILMS, plots.GREEN),
        ("CTs by centre", facts.scans_by_centre, CTS, plots.PURPLE),
    ):
        large = facts.centres.patients[:, 0] >= FEWEST
        used = np.flatnonzero(large & (grid.items[:, grid.columns.index(column)] > 0))[:MOST_CENTRES]
        if len(used):
            names, values = [grid.rows[row] for row in used], grid.column(column)[used]
            yield _plot(title, plots.across(title, names, values, unit=column, colour=colour))


def _month_plots(facts: Facts) -> Iterator[Plot]:
    for title, column, colour in (
        ("Patients with a scan, by month", PATIENTS, plots.BLUE),
        ("Films by month", FILMS, plots.GREEN),
        ("CTs by month", CTS, plots.PURPLE),
        ("Films with COVID-19, by month", SHOWING, plots.ORANGE),
        ("Films without COVID-19, by month", FREE, plots.GREY),
    ):
        values = facts.months.column(column) if facts.months.rows else np.zeros(0)
        if np.nan_to_num(values, nan=1.0).any():
            unit = column if column in (PATIENTS, CTS) else FILMS
            yield _plot(title, plots.months(title, facts.months.rows, values, unit=unit, colour=colour))


def _people_plots(facts: Facts) -> Iterator[Plot]:
    if facts.ages.rows:
        title = "Age at the first scan, by sex"
        yield _plot(title, plots.upright(title, facts.ages.rows, _series(facts.ages), of="years", unit=PATIENTS))
    if facts.films_each.rows:
        title = "Films of a patient" + (", by cohort" if facts.cohorts else "")
        grid = facts.films_each
        yield _plot(title, plots.upright(title, grid.rows, _series(grid), of="films of a patient", unit=PATIENTS))
    if facts.views.rows:
        title = "Projection of films"
        yield _plot(title, plots.across(title, facts.views.rows, facts.views.column(FILMS), unit=FILMS))
    for title, grid, colour in (
        ("Devices of films", facts.film_devices, plots.GREEN),
        ("Devices of CTs", facts.ct_devices, plots.PURPLE),
    ):
        used = [row for row, name in enumerate(grid.rows) if not name.endswith(OTHERS)]
        if used:
            which = f"{title}: the {len(used)} commonest" if len(used) < len(grid.rows) else title
            names, unit = [grid.rows[row] for row in used], grid.columns[0]
            yield _plot(which, plots.across(which, names, grid.shown[used, 0], unit=unit, colour=colour))


def _field_plots(fields: FieldFacts) -> Iterator[Plot]:
    for one in fields.completeness:
        if one.centres and one.fields:
            title = f"Share of current records with a value, cohort {one.cohort}"
            columns = (f"all {one.records:,} records", *one.centres)
            yield _plot(title, plots.heat_map(title, one.fields, columns, np.column_stack([one.overall, one.shares])))


def _outcome_plots(outcomes: tuple[OutcomeFacts, ...]) -> Iterator[Plot]:
    for one in outcomes:
        if one.patients < FEWEST:
            continue
        svg = plots.stacked(one.title, one.states.rows, _series(one.states), one.patients, unit=PATIENTS)
        yield _plot(f"{one.title}: {few_or(one.patients)} patients", svg)


def _fault_plots(faults: Faults) -> Iterator[Plot]:
    for title, grid, unit in (
        ("Items refused, by reason", faults.refusals, "items"),
        ("Contradictions, by kind", faults.contradictions, "count"),
    ):
        if grid.rows:
            yield _plot(title, plots.across(title, grid.rows, grid.shown[:, 0], unit=unit, colour=plots.ORANGE))


def _leak_plots(leaks: Leaks) -> Iterator[Plot]:
    if leaks.measured:
        title = "How well one fact alone tells films with COVID-19 from films without"
        values = [(m.separation.auc, m.separation.low, m.separation.high) for m in leaks.measured]
        colours = [_HANDLING_COLOURS[leak.fact.handling] for leak in leaks.measured]
        names = [leak.fact.name for leak in leaks.measured]
        yield _plot(title, plots.intervals(title, names, values, unit="AUC, 0.5 is chance", colours=colours))


def _series(grid: Grid) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {name: grid.column(name) for name in grid.columns}
