"""Explanations at the doors: pictures, their folder, and what the report tells of them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stores import CANARY, a_film, a_store

from scankin.api.drawings import draw
from scankin.api.engine import Options, open_retriever, report_on
from scankin.api.explanations import require_empty, write_explanations
from scankin.api.renderers import text
from scankin.retrieval.encoder import Box
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.explanation import Explanation, InLungs
from scankin.retrieval.faithfulness import Areas, Faithfulness
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan

TRUE, FALSE = (Faithfulness(Areas(0.3, 0.7), Areas(0.5, 0.5), 19, as_good) for as_good in (0, 5))
PANEL = 352
"""Pixels of one panel's side."""


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return open_retriever(a_store(tmp_path_factory.mktemp("explained"), explanations=True), None, "cpu")


@pytest.fixture(scope="module")
def query() -> Scan:
    return read_scan(ReadRequest(data=a_film(500)))


def an_explanation(**changes: object) -> Explanation:
    """Of 4 x 4 places, the one in the second row and third column has 0.35 of 0.5, the others 0.01 each."""
    shares = np.full((4, 4), 0.01)
    shares[1, 2] = 0.35
    made = Explanation("s0", 0.5, shares, Box(0, 0, 1, 1), shares[::-1], Box(0.25, 0.25, 0.75, 0.75), TRUE)
    return replace(made, **changes)  # type: ignore[arg-type]


def a_thumbnail() -> bytes:
    sink = io.BytesIO()
    Image.new("L", (256, 256), 128).save(sink, "PNG")
    return sink.getvalue()


def coloured(explanation: Explanation) -> tuple[np.ndarray, np.ndarray]:
    """Where the lower panels, left and right, are not grey."""
    png = draw(explanation, np.full((64, 64), 0.5, np.float32), a_thumbnail(), index="0001")
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG" and picture.size == (880, 1034)
        colours = np.asarray(picture.convert("RGB"), int)
    where = np.ptp(colours, axis=2) > 30
    return where[449 : 449 + PANEL, 45 : 45 + PANEL], where[449 : 449 + PANEL, 413 : 413 + PANEL]


def extent(where: np.ndarray) -> list[float]:
    """First row, last row, first column and last column that are coloured, as shares of the panel."""
    rows, columns = np.nonzero(where)
    return [float(edge) / PANEL for edge in (rows.min(), rows.max(), columns.min(), columns.max())]


def test_only_the_strong_place_is_coloured_and_where_its_box_says() -> None:
    query, neighbour = coloured(an_explanation())
    assert extent(query) == pytest.approx([1 / 4, 2 / 4, 2 / 4, 3 / 4], abs=0.02)
    # The neighbour's map is upside down and covers the middle half: third of four rows, third of four columns of it.
    assert extent(neighbour) == pytest.approx([4 / 8, 5 / 8, 4 / 8, 5 / 8], abs=0.02)


def test_a_withheld_map_is_not_drawn() -> None:
    assert not any(where.any() for where in coloured(an_explanation(faithfulness=FALSE)))


def test_without_places_only_the_query_is_mapped() -> None:
    query, neighbour = coloured(an_explanation(neighbour_map=None, neighbour_box=None))
    assert query.any() and not neighbour.any()


def test_the_folder_holds_a_picture_a_neighbour_and_what_was_measured(
    retriever: Retriever, query: Scan, tmp_path: Path
) -> None:
    report = report_on(retriever, query, Options(Question(3), explain=True))
    write_explanations(tmp_path / "why", retriever, query, report)
    told = json.loads((tmp_path / "why" / "explanations.json").read_text())
    assert told["notice"] == NOTICE and told["index"]["version"] == retriever.version.name
    assert [one["scan"] for one in told["explanations"]] == [case.scan for case in report.neighbours]
    names = {one["image"] for one in told["explanations"]}
    assert names | {"explanations.json"} == {path.name for path in (tmp_path / "why").iterdir()} and len(names) == 3
    assert CANARY not in json.dumps(told)
    with pytest.raises(InvalidRequest, match="not empty"):
        require_empty(tmp_path / "why")


def test_the_report_tells_explanations_only_when_asked(retriever: Retriever, query: Scan) -> None:
    asked, plain = (report_on(retriever, query, Options(Question(2), explain=explain)) for explain in (True, False))
    assert plain.explanations is None
    told = asked.as_json()
    assert {**told, "explanations": None} == plain.as_json()
    for one, case in zip(told["explanations"], told["neighbours"], strict=True):
        assert set(one) == {
            "scan", "faithful", "verdict", "areas", "random_areas", "random_maps", "random_maps_as_good", "in_lungs",
            "has_neighbour_map", "link",
        }  # fmt: skip
        assert one["link"] == {"rel": "explanation", "href": f"/v1/explain?scan={case['scan']}"}
        assert one["faithful"] is (one["random_maps_as_good"] == 0) and one["random_maps"] == 19
    assert "Where their similarity comes from" in text.render(asked).decode()
    assert "Where their similarity comes from" not in text.render(plain).decode()


def test_the_share_in_the_lungs_is_told_of_faithful_maps_only(retriever: Retriever, query: Scan) -> None:
    report = report_on(retriever, query, Options(Question(2)))
    inside = InLungs(0.42, 0.29)
    made = replace(report, explanations=tuple(an_explanation(faithfulness=f, in_lungs=inside) for f in (TRUE, FALSE)))
    table = text.render(made).decode().split("Where their similarity comes from")[1].split("Cautions")[0]
    (faithful,) = [line for line in table.splitlines() if "faithful" in line]
    (withheld,) = [line for line in table.splitlines() if "withheld" in line]
    assert "42 %" in faithful and "29 %" in faithful and "19 of 19" in faithful
    assert "%" not in withheld and "14 of 19" in withheld
