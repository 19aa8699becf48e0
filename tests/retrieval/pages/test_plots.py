"""Plots as text inside a page."""

import numpy as np
import pytest

from scankin.retrieval.pages import plots


def test_what_is_not_shown_is_drawn_alike_whatever_it_is() -> None:
    svg = plots.across("T", ["a", "b"], np.array([9.0, np.nan]), unit="films")
    assert "not shown" in svg and "nan" not in svg.lower()


def test_a_plot_is_the_same_text_again_and_has_no_address() -> None:
    drawn = [plots.months("T", ["2020-01", "2020-02"], np.array([7.0, 9.0]), unit="films") for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert "http" not in drawn[0] and drawn[0].startswith("<svg") and drawn[0].endswith("</svg>")


def test_ids_of_two_plots_differ() -> None:
    one, two = (plots.across(title, ["a"], np.array([5.0]), unit="films") for title in ("One", "Two"))
    assert 'id="one-figure_1"' in one and 'id="two-figure_1"' in two


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Leeds Teaching Hospitals NHS Trust", "Leeds Teaching Hospitals"),
        ("Royal United Hospitals Bath NHS Foundation Trust", "Royal United Ho…als Bath"),
        ("crp_mg_per_l", "crp mg per l"),
    ],
)
def test_names_beside_plots(name: str, short: str) -> None:
    assert plots.shortened(name) == short
