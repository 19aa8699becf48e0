"""Pages that stand alone: one HTML file each, of one style, that asks nothing of any network."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Plot:
    """One plot with its caption.

    Attributes:
        title: What it shows.
        svg: Its markup, safe: made by us from escaped text.
    """

    title: str
    svg: Markup


def environment_of(folder: Path) -> Environment:
    """Return what fills the templates of a folder; ``style.html.j2`` lies beside this file. Everything is escaped."""
    environment = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["words"] = lambda name: name.replace("_", " ")
    return environment
