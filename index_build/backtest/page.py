"""The page about a backtest: one HTML file that asks nothing of any network."""

from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from scankin.index_build.backtest.run import Backtest
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import environment_of
from scankin.retrieval.pages.counts import pit_bars
from scankin.retrieval.report import NOTICE

PAGE = "backtest.html"


def write_page(found: Backtest, into: Path) -> Path:
    """Write the page into a folder, which is there, and return it."""
    template = environment_of(Path(__file__).parent).get_template("page.html.j2")
    text = template.render(
        found=found,
        pits={name: Markup(pit_bars(f"PIT {name}", one.pit)) for name, one in found.scores.items()},
        version=version("scankin"),
        notice=NOTICE,
    )
    replaced(into / PAGE, text.encode())
    return into / PAGE
