"""Plots as SVG text that stands inside a page: no file, no script, no address; ink takes the colour of the page's text.

All are narrow, so that they are read on a telephone and stand side by side on a desk. What is not shown (NaN) is
hatched, never left out.
"""

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

_INK = "#010203"
"""Replaced by the colour of the page's text."""
BLUE, ORANGE, GREEN, PURPLE, GREY = "#3f7fb5", "#d2691e", "#3d9970", "#9467bd", "#8a929a"
"""Readable on white and on black alike, and told apart by the colour-blind."""
SERIES = (BLUE, ORANGE, GREEN, PURPLE, GREY)
_STEPS = ("#b2182b", "#e08214", "#c9b458", "#74a9cf", "#2b6ca3", "#08306b")
STEP_EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Shares are drawn in steps: a shade cannot be turned back into a count."""

WIDTH_INCHES = 3.9
_STUB = 0.04
"""Length of a hatched bar, as a share of the longest."""
_MOST_LETTERS = 24
STYLE: dict[Any, Any] = {  # its keys are typed as literals by matplotlib
    "svg.fonttype": "none",
    "svg.hashsalt": "scankin",  # the same plot is the same text
    "text.parse_math": False,  # a device may be called $
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "axes.titlecolor"), _INK
    ),
}


def across(title: str, names: Sequence[str], values: NDArray[np.float64], *, unit: str, colour: str = BLUE) -> str:
    """Return horizontal bars, the first on top, each with its number; NaN is hatched."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(0.75 + 0.19 * len(names))
        rows = np.arange(len(names))
        top = max(float(np.nanmax(values, initial=0)), 5)
        axes.barh(rows, np.nan_to_num(values), color=colour, height=0.72)
        _hatched(axes, rows, values, top * _STUB, is_across=True)
        for row, value in zip(rows, values, strict=True):
            at, text = (top * _STUB, "not shown") if np.isnan(value) else (value, f"{value:,.0f}")
            axes.text(at + top * 0.015, float(row), text, va="center", fontsize=7)
        axes.set_yticks(rows, [shortened(name) for name in names])
        axes.set_xlim(0, top * 1.14)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(unit)
        return svg_of(figure, axes, title)


def upright(title: str, names: Sequence[str], series: Mapping[str, NDArray[np.float64]], *, of: str, unit: str) -> str:
    """Return upright bars side by side, a colour a series; NaN is hatched."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.5)
        at, width = np.arange(len(names)), 0.82 / len(series)
        top = max(float(np.nanmax([*series.values()], initial=0)), 5)
        for number, (colour, values) in enumerate(zip(_colours(series), series.values(), strict=True)):
            x = at + (number - (len(series) - 1) / 2) * width
            axes.bar(x, np.nan_to_num(values), width, color=colour)
            _hatched(axes, x, values, top * _STUB, width=width)
        is_long = max(map(len, names)) * len(names) > 44
        axes.set_xticks(
            at, [shortened(name) for name in names], rotation=45 if is_long else 0, ha="right" if is_long else "center"
        )
        if is_long:
            for label in axes.get_xticklabels():
                label.set_rotation_mode("anchor")
        axes.tick_params(axis="x", length=0)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(of)
        axes.set_ylabel(unit)
        if len(series) > 1:
            handles = [Patch(color=colour, label=name) for colour, name in zip(_colours(series), series, strict=True)]
            figure.legend(
                handles=handles, loc="outside lower left", ncols=min(len(handles), 3), frameon=False, fontsize=8
            )
        return svg_of(figure, axes, title)


def months(title: str, names: Sequence[str], values: NDArray[np.float64], *, unit: str, colour: str = BLUE) -> str:
    """Return one bar a month; years, or months where there are few, are named. NaN is hatched."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(1.9)
        at = np.arange(len(names))
        axes.bar(at, np.nan_to_num(values), 0.9, color=colour)
        top = max(float(np.nanmax(values, initial=0)), 5)
        _hatched(axes, at, values, top * _STUB, width=0.9)
        januaries = [place for place, name in enumerate(names) if name.endswith("-01")]
        if len(names) > 18 and januaries:
            step = max(1, len(januaries) // 8)
            axes.set_xticks([place - 0.5 for place in januaries[::step]], [names[p][:4] for p in januaries[::step]])
            for label in axes.get_xticklabels():
                label.set_horizontalalignment("left")
        else:
            step = max(1, -(-len(names) // 6))
            axes.set_xticks(at[::step], names[::step])
        axes.set_xlim(-0.7, max(len(names), 6) - 0.3)
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_ylim(0, top * 1.05)
        axes.set_ylabel(unit)
        return svg_of(figure, axes, title)


def stacked(
    title: str, names: Sequence[str], series: Mapping[str, NDArray[np.float64]], total: int, *, unit: str
) -> str:
    """Return one bar a name, split by series, all of one total; what is not shown is hatched together at the end."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(0.95 + 0.21 * len(names))
        rows, start = np.arange(len(names)), np.zeros(len(names))
        for colour, values in zip(_colours(series), series.values(), strict=True):
            known = np.nan_to_num(values)
            axes.barh(rows, known, left=start, color=colour, height=0.72)
            start = start + known
        rest = total - start
        if rest.any():
            axes.barh(rows, rest, left=start, color="none", edgecolor=GREY, hatch="////", height=0.72, linewidth=0.6)
        axes.set_yticks(rows, [shortened(name) for name in names])
        axes.set_xlim(0, total)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(unit)
        handles = [Patch(color=colour, label=name) for colour, name in zip(_colours(series), series, strict=True)]
        figure.legend(handles=handles, loc="outside lower left", ncols=2, frameon=False, fontsize=8)
        return svg_of(figure, axes, title)


def heat_map(title: str, rows: Sequence[str], columns: Sequence[str], shares: NDArray[np.float64]) -> str:
    """Return shares in [0, 1], ``[rows, columns]``, in six steps of colour, the first row on top."""
    with mpl.rc_context(STYLE):
        width = 2.3 + 0.21 * len(columns)
        height = 2.3 + 0.165 * len(rows)
        figure = Figure(figsize=(max(width, WIDTH_INCHES), height), layout="constrained")
        axes = figure.add_subplot()
        colours = ListedColormap(_STEPS)
        axes.pcolormesh(
            shares,
            cmap=colours,
            norm=BoundaryNorm(STEP_EDGES, len(_STEPS), clip=True),
            edgecolors="none",
            antialiased=False,
            snap=True,
        )
        axes.set_aspect("auto")
        axes.set_xticks(np.arange(len(columns)) + 0.5, [shortened(name, 32) for name in columns], rotation=90)
        axes.set_yticks(np.arange(len(rows)) + 0.5, [name.replace("_", " ") for name in rows])
        axes.set_ylim(len(rows), 0)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        for spine in axes.spines.values():
            spine.set_visible(False)
        edges = [f"{100 * edge:.0f}" for edge in STEP_EDGES]
        handles = [
            Patch(color=colour, label=f"{low} to {high} %")
            for colour, low, high in zip(_STEPS, edges, edges[1:], strict=False)
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=8)
        return svg_of(figure, axes, title)


def intervals(
    title: str, names: Sequence[str], values: Sequence[tuple[float, float, float]], *, unit: str, colours: Sequence[str]
) -> str:
    """Return values with their intervals, given as value, low, high, on a scale from 0.4 to 1; 0.5 is marked."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(0.85 + 0.24 * len(names))
        axes.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
        for row, ((value, low, high), colour) in enumerate(zip(values, colours, strict=True)):
            axes.plot([max(low, 0.4), high], [row, row], color=colour, linewidth=2)
            axes.plot([max(value, 0.4)], [row], "o", color=colour, markersize=5, clip_on=False)
        axes.set_yticks(range(len(names)), [shortened(name, 36) for name in names])
        axes.set_xlim(0.4, 1)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(unit)
        return svg_of(figure, axes, title)


def shortened(name: str, letters: int = _MOST_LETTERS) -> str:
    """Return a name that fits beside a plot, without what all trusts are called; one that is cut keeps its end too."""
    name = re.sub(r" NHS (Foundation )?Trust$", "", name.replace("_", " "))
    if len(name) <= letters:
        return name
    tail = letters // 3
    return f"{name[: letters - tail - 1].rstrip()}…{name[-tail:].lstrip()}"


def figure_of(height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of the common width, and its axes; ``height`` in inches."""
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    return figure, figure.add_subplot()


def _hatched(
    axes: Axes,
    at: NDArray[np.floating[Any]] | NDArray[np.intp],
    values: NDArray[np.float64],
    length: float,
    *,
    width: float = 0.72,
    is_across: bool = False,
) -> None:
    """Mark what is not shown by a short hatched bar, whatever its number."""
    where = at[np.isnan(values)]
    if len(where):
        draw = axes.barh if is_across else axes.bar
        draw(where, length, width, color="none", edgecolor=GREY, hatch="//////", linewidth=0.5)


def _colours(series: Mapping[str, NDArray[np.float64]]) -> list[str]:
    named = {
        "not stated": GREY,
        "unknown": GREY,
        "happened": ORANGE,
        "did not happen": BLUE,
        "already happened": PURPLE,
    }
    free = iter(colour for colour in SERIES if colour != GREY)
    return [named.get(name) or next(free) for name in series]


def svg_of(figure: Figure, axes: Axes, title: str) -> str:
    """Return the figure as an ``svg`` element: no prologue, no namespaces, ids of its own."""
    axes.set_title("")
    sink = io.StringIO()
    figure.savefig(
        sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    text = sink.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    prefix = re.sub(r"\W+", "-", title.lower()).strip("-")
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text).replace("url(#", f"url(#{prefix}-")
    text = text.replace(_INK, "currentColor")
    return text.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1).strip()


def scatter(title: str, points: NDArray[np.float64], groups: Sequence[str]) -> str:
    """Return ``[n, 2]`` points, a colour a group; the legend is left to the page."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(3.4)
        names = sorted(set(groups))
        column = np.array(groups)
        for name in names:
            of_group = points[column == name]
            colour = SERIES[names.index(name) % len(SERIES)]
            marker = "o^sv"[names.index(name) // len(SERIES) % 4]
            axes.scatter(
                of_group[:, 0], of_group[:, 1], s=5, c=colour, marker=marker, alpha=0.6, label=name, linewidths=0
            )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, frameon=False, fontsize=7, markerscale=2)
        return svg_of(figure, axes, title)
