"""Plots of an evaluation in the style of ``scankin.retrieval.pages.plots``: curves and histograms."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from scankin.retrieval.pages.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, figure_of, svg_of

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
_BINS = 40


def curves(title: str, found: Mapping[str, NDArray[np.float64]], *, of: str, unit: str) -> str:
    """Return lines over places 1, 2, ...; the one named "chance" is dashed. The first stands out."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.7)
        colours = iter(_COLOURS)
        for number, (name, values) in enumerate(found.items()):
            is_chance = name == "chance"
            axes.plot(
                np.arange(1, len(values) + 1),
                values,
                color=GREY if is_chance else next(colours),
                linestyle="--" if is_chance else "-",
                linewidth=2 if number == 0 else 1.2,
                label=name,
            )
        axes.set_ylim(0, None)
        axes.set_xlim(1, None)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel(of)
        axes.set_ylabel(unit)
        figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8)
        return svg_of(figure, axes, title)


def densities(title: str, found: Mapping[str, NDArray[np.float64]], *, of: str) -> str:
    """Return outlines of histograms, each of area 1, over one scale; values of any length."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.5)
        together = np.concatenate([values for values in found.values() if len(values)])
        edges = np.histogram_bin_edges(together, _BINS)
        for colour, (name, values) in zip(_COLOURS, found.items(), strict=False):
            if len(values):
                heights, _ = np.histogram(values, edges, density=True)
                axes.stairs(heights, edges, color=colour, linewidth=1.5, label=f"{name} ({len(values):,})")
        axes.set_yticks([])
        axes.set_xlabel(of)
        figure.legend(loc="outside lower left", ncols=1, frameon=False, fontsize=8)
        return svg_of(figure, axes, title)


def counts(title: str, values: NDArray[np.int64], *, of: str, unit: str) -> str:
    """Return a histogram of counts from 0; the last bar holds all that are beyond the 99th percentile."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.2)
        most = max(int(np.percentile(values, 99)), 5)
        heights = np.bincount(np.minimum(values, most), minlength=most + 1)
        axes.bar(np.arange(most + 1), heights, 0.9, color=BLUE)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(f"{of} (the last: {most} or more)")
        axes.set_ylabel(unit)
        return svg_of(figure, axes, title)
