"""The page about expected beds: one HTML file that asks nothing of any network."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from scankin.api.capacity.plan import ALL_SITES, Need, Plan
from scankin.retrieval.case import EventKind
from scankin.retrieval.pages import Plot, environment_of
from scankin.retrieval.pages.counts import count_bars, count_intervals
from scankin.retrieval.report import NOTICE

TEMPLATE = "page.html.j2"
WORDS = {EventKind.ICU_ADMISSION: "intensive care", EventKind.INTUBATION: "ventilation"}


def render(plan: Plan, made: date | None = None) -> str:
    """Return the page; ``made`` is the date on it, today (UTC) unless given."""
    groups: dict[str, list[Need]] = {}
    for need in plan.needs:
        groups.setdefault(need.site, []).append(need)
    names = list(groups)
    return (
        environment_of(Path(__file__).parent)
        .get_template(TEMPLATE)
        .render(
            plan=plan,
            groups=groups,
            names=names,
            all_sites=ALL_SITES,
            words=words,
            bars={site: _bars(site, needs) for site, needs in groups.items()},
            sites=_sites(groups) if len(names) > 1 else [],
            version=version("scankin"),
            made=(made or datetime.now(UTC).date()).isoformat(),
            notice=NOTICE,
        )
    )


def words(need: Need) -> str:
    """Return the need as a reader says it."""
    return f"{WORDS[need.outcome.kind]} within {need.outcome.horizon_days} days"


def _bars(site: str, needs: Sequence[Need]) -> list[Plot]:
    return [
        Plot(words(need).capitalize(), Markup(count_bars(f"{site}: {words(need)}", need.forecast, unit="patients")))
        for need in needs
        if need.forecast is not None
    ]


def _sites(groups: dict[str, list[Need]]) -> list[Plot]:
    """Return a plot a need with the intervals of every site that has a forecast."""
    plots = []
    for number, need in enumerate(groups[ALL_SITES]):
        held = {site: needs[number].forecast for site, needs in groups.items() if site != ALL_SITES}
        known = {site: forecast for site, forecast in held.items() if forecast is not None}
        if known:
            svg = count_intervals(f"sites: {words(need)}", known, unit="patients")
            plots.append(Plot(words(need).capitalize(), Markup(svg)))
    return plots
