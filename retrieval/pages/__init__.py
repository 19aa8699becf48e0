"""Pages that stand alone: one HTML file each, of one style, that asks nothing of any network."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent


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
