"""The picture of one explanation: query and neighbour, each plain and under its map, with what was measured."""

import io
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.retrieval.contributions import Map
from scankin.retrieval.encoder import Box
from scankin.retrieval.explanation import Explanation
from scankin.retrieval.report import NOTICE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

SIDE = 512
"""Pixels of the query's picture: the neighbour's is a thumbnail of the index."""

_WIDTH_INCHES, _HEIGHT_INCHES, _DPI = 8.0, 9.4, 110
_LETTERS = 112
_STRONGEST = 0.6
"""Opacity of the strongest place: the film must still be seen under it."""
_PAPER, _INK = "#ffffff", "#1a1a1a"


def draw(
    explanation: Explanation,
    query: NDArray[np.float32],
    neighbour_png: bytes,
    *,
    index: str,
    licence: str | None = None,
) -> bytes:
    """Return an explanation as a PNG of 880 x 1034 pixels.

    The upper row shows both pictures as they are, the lower row under their maps. A map that was found unfaithful is
    not drawn: the lower row then says so.

    Args:
        explanation: What is drawn.
        query: Its rendered square ``[side, side]`` in [0, 1].
        neighbour_png: The neighbour's thumbnail.
        index: Name of the version that answered.
        licence: Line of the index's licence, if it has one.
    """
    from matplotlib import rc_context  # noqa: PLC0415 (a second; only where something is drawn)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with Image.open(io.BytesIO(neighbour_png)) as picture:
        neighbour = (np.asarray(picture) / 255).astype(np.float32)
    with rc_context({"font.family": "DejaVu Sans", "font.size": 9, "text.color": _INK}):
        figure = Figure((_WIDTH_INCHES, _HEIGHT_INCHES), dpi=_DPI, facecolor=_PAPER)
        figure.text(0.05, 0.972, "Where the similarity comes from", size=13, weight="bold")
        figure.text(0.05, 0.951, f"Neighbour {explanation.scan}, similarity {explanation.similarity:.3f} (cosine)")
        panels = figure.subplots(
            2,
            2,
            gridspec_kw={"left": 0.05, "right": 0.87, "top": 0.92, "bottom": 0.225, "wspace": 0.04, "hspace": 0.04},
        )
        top = _highest_share(explanation)
        _show(panels[0, 0], query, "Query")
        _show(panels[0, 1], neighbour, "Neighbour (256-pixel picture of the index)")
        _show(panels[1, 0], query)
        _show(panels[1, 1], neighbour)
        drawn = None
        if explanation.faithfulness.is_faithful:
            drawn = _overlay(panels[1, 0], explanation.query_map, explanation.query_box, top)
            if explanation.neighbour_map is not None and explanation.neighbour_box is not None:
                _overlay(panels[1, 1], explanation.neighbour_map, explanation.neighbour_box, top)
            else:
                _say(panels[1, 1], "No map: the index was built\nwithout explanations")
        else:
            for panel in panels[1]:
                _say(panel, "Map withheld:\nnot found to be true")
        if drawn is not None:
            bar = figure.colorbar(drawn, cax=figure.add_axes((0.885, 0.23, 0.018, 0.33)))
            bar.set_label("% of the similarity in one place", size=8)
            bar.ax.tick_params(labelsize=8)
        lines = [*_sentences(explanation), f"Index {index}." + (f" {licence}" if licence else "")]
        figure.text(0.05, 0.205, _wrapped(lines), va="top", linespacing=1.45, size=8.5)
        figure.text(0.05, 0.015, _wrapped([NOTICE]), va="bottom", weight="bold", size=8.5)
        sink = io.BytesIO()
        figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()


def _highest_share(explanation: Explanation) -> float:
    """Return the highest share of a place in either map, in per cent: both are drawn on one scale."""
    maps = [explanation.query_map, explanation.neighbour_map]
    return max(float(_percent(shares).max()) for shares in maps if shares is not None)


def _percent(shares: Map) -> Map:
    """Return a map as per cent of its sum, the cosine; of a cosine that is not positive, of its absolute sum."""
    total = float(shares.sum())
    return 100 * shares / (total if total > 0 else max(float(np.abs(shares).sum()), 1e-12))


def _show(axes: "Axes", picture: NDArray[np.float32], title: str = "") -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(0, 1, 1, 0), interpolation="bilinear")
    axes.set_title(title, size=9, loc="left", pad=4)
    axes.set_axis_off()


def _overlay(axes: "Axes", shares: Map, box: Box, top: float) -> "AxesImage":
    """Lay a map over a picture: the more a place has above an even share, the less the film shows through."""
    percent = _percent(shares)
    even = 100 / shares.size
    above = np.clip((percent - even) / max(top - even, 1e-9), 0, 1)
    drawn = axes.imshow(
        percent,
        cmap="YlOrRd",
        vmin=even,
        vmax=max(top, even * 1.01),
        alpha=_STRONGEST * np.sqrt(above),
        extent=(box.left, box.right, box.bottom, box.top),
        interpolation="nearest",  # smoothing would pretend to a finer place than the encoder tells
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    return drawn


def _say(axes: "Axes", words: str) -> None:
    paper = {"facecolor": _PAPER, "edgecolor": _INK, "boxstyle": "square,pad=0.6"}
    axes.text(0.5, 0.5, words, ha="center", va="center", size=10, bbox=paper)


def _sentences(explanation: Explanation) -> list[str]:
    found = explanation.faithfulness
    rows, columns = explanation.query_map.shape
    lines = [found.verdict]
    if found.is_faithful:
        lines.append(
            "All places of a map add up to the similarity; those with more than an even share are coloured. The maps "
            f"are coarse: {rows} x {columns} places, each of which also sees its surroundings. They show what the "
            "encoder took for alike, not where disease is. Whether a map is true was measured on the query; the "
            "neighbour's film is not in the index."
        )
        if explanation.in_lungs is not None:
            lines.append(
                f"{100 * explanation.in_lungs.share:.0f} % of the query's map lies in its lungs; a map that favours no "
                f"place would have {100 * explanation.in_lungs.area:.0f} % there, the lungs' share of the picture."
            )
    return lines


def _wrapped(lines: list[str]) -> str:
    return "\n".join(part for line in lines for part in textwrap.wrap(line, _LETTERS))
