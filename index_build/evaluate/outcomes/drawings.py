"""Plots of an evaluation of outcomes, in the style of ``scankin.retrieval.pages.plots``."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator

from scankin.index_build.evaluate.bootstrap import Figure
from scankin.index_build.evaluate.outcomes.abstention import Abstention
from scankin.index_build.evaluate.outcomes.figures import DecisionCurves
from scankin.index_build.evaluate.outcomes.reliability import Bin
from scankin.index_build.evaluate.outcomes.told import AGE_SEX, LOGISTIC, LOGISTIC_AGE_SEX, NEIGHBOURS
from scankin.retrieval.pages.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, figure_of, svg_of

_COLOURS = {NEIGHBOURS: BLUE, AGE_SEX: ORANGE, LOGISTIC: GREEN, LOGISTIC_AGE_SEX: PURPLE, "treat all": GREY}


def calibration(title: str, bins: Sequence[Bin]) -> str:
    """Return observed against foretold shares of patients with alike estimates; bars are 95 % intervals."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(3.0)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        for one in bins:
            axes.plot([one.foretold] * 2, one.observed_interval, color=BLUE, linewidth=1.5)
            axes.plot(one.interval, [one.observed] * 2, color=BLUE, linewidth=1, alpha=0.5)
        axes.plot([one.foretold for one in bins], [one.observed for one in bins], "o", color=BLUE, markersize=4)
        true = [(one.foretold, one.true) for one in bins if one.true is not None]
        if true:
            axes.plot(*zip(*true, strict=True), "x", color=ORANGE, markersize=5, label="true chance")
            figure.legend(loc="outside lower left", frameon=False, fontsize=8)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("foretold")
        axes.set_ylabel("observed")
        return svg_of(figure, axes, title)


def decision(title: str, found: DecisionCurves, share: float) -> str:
    """Return net benefit by threshold; ``share`` is that in whom it happened, the most there is to gain."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.9)
        axes.axhline(0, color=GREY, linewidth=1)
        for name, values in found.by_method.items():
            axes.plot(
                found.thresholds,
                values,
                color=_COLOURS[name],
                linewidth=2 if name == NEIGHBOURS else 1.2,
                linestyle="--" if name == "treat all" else "-",
                label=name,
            )
        axes.set_ylim(-0.12 * share, 1.05 * share)
        axes.set_xlim(0, 0.9)
        axes.set_xlabel("chance from which one would treat")
        axes.set_ylabel("net benefit")
        figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8)
        return svg_of(figure, axes, title)


def evidence(title: str, found: Abstention) -> str:
    """Return the error, less the base rate's, by the share of patients answered, those with the most evidence first."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(2.5)
        at = [one.coverage for one in found.answering]
        axes.axhline(0, color=GREY, linewidth=1, linestyle="--")
        axes.fill_between(
            at,
            [one.error.low for one in found.answering],
            [one.error.high for one in found.answering],
            color=BLUE,
            alpha=0.2,
            linewidth=0,
        )
        axes.plot(at, [one.error.value for one in found.answering], color=BLUE, marker="o", markersize=3)
        axes.set_xlim(0, 1.03)
        axes.set_xlabel("share answered, most evidence first")
        axes.set_ylabel("Brier less base rate's")
        return svg_of(figure, axes, title)


def differences(title: str, found: Mapping[str, Figure], *, unit: str) -> str:
    """Return differences with their intervals, the first on top; 0 is marked."""
    with mpl.rc_context(STYLE):
        figure, axes = figure_of(0.8 + 0.24 * len(found))
        axes.axvline(0, color=GREY, linewidth=1, linestyle="--")
        for row, one in enumerate(found.values()):
            colour = BLUE if one.low > 0 else ORANGE if one.high < 0 else GREY
            axes.plot([one.low, one.high], [row, row], color=colour, linewidth=2)
            axes.plot([one.value], [row], "o", color=colour, markersize=5)
        axes.set_yticks(range(len(found)), list(found))
        axes.set_ylim(len(found) - 0.4, -0.6)
        widest = max(
            (abs(end) for one in found.values() for end in (one.low, one.high) if np.isfinite(end)), default=0.1
        )
        axes.set_xlim(-1.1 * widest, 1.1 * widest)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(unit)
        return svg_of(figure, axes, title)
