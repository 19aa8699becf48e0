"""Plots of how many it may be: the chance of each number, and intervals side by side."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from scankin.retrieval.capacity import Forecast
from scankin.retrieval.pages.plots import BLUE, GREY, ORANGE, STYLE, figure_of, shortened, svg_of

_TAIL = 0.001
"""Numbers at either end that are together less likely than this are not drawn."""


def count_bars(title: str, forecast: Forecast, *, unit: str) -> str:
    """Return upright bars: the chance of each number, those of the 80 % interval in blue, and a line at the mean."""
    first, last = forecast.quantile(_TAIL), forecast.quantile(1 - _TAIL)
    low, high = forecast.interval(0.8)
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.1)
        numbers = np.arange(first, last + 1)
        colours = [BLUE if low <= number <= high else GREY for number in numbers]
        axes.bar(numbers, 100 * forecast.chances[first : last + 1], 0.86, color=colours)
        axes.axvline(forecast.mean, color=ORANGE, linewidth=1.5)
        axes.set_xlim(first - 0.8, max(last, first + 4) + 0.8)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel(unit)
        axes.set_ylabel("chance, %")
        return svg_of(figure, axes, title)


def count_intervals(title: str, forecasts: Mapping[str, Forecast], *, unit: str) -> str:
    """Return a line a name: thin the 95 % interval, thick the 50 % one, a point at the mean; the first name on top."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(0.7 + 0.24 * len(forecasts))
        for row, forecast in enumerate(forecasts.values()):
            for level, width in ((0.95, 1.5), (0.5, 4.5)):
                axes.plot(forecast.interval(level), [row, row], color=BLUE, linewidth=width, solid_capstyle="butt")
            axes.plot([forecast.mean], [row], "o", color=ORANGE, markersize=4.5)
        axes.set_yticks(range(len(forecasts)), [shortened(name, 28) for name in forecasts])
        axes.set_xlim(left=-0.3, right=max(2.0, *(one.interval(0.95)[1] + 0.5 for one in forecasts.values())))
        axes.set_ylim(len(forecasts) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel(unit)
        return svg_of(figure, axes, title)


def pit_bars(title: str, heights: tuple[float, ...]) -> str:
    """Return the heights of a PIT histogram, mean 1, with the height of a calibrated forecast marked."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(1.9)
        middles = (np.arange(len(heights)) + 0.5) / len(heights)
        axes.bar(middles, heights, 0.92 / len(heights), color=BLUE)
        axes.axhline(1, color=ORANGE, linewidth=1.2)
        axes.set_xlim(0, 1)
        axes.set_xlabel("where what came lay in its forecast")
        axes.set_ylabel("relative frequency")
        return svg_of(figure, axes, title)
