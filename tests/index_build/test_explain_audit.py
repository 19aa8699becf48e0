"""The audit of maps on the test films, its figures recomputed from the explanations."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stores import a_store

from scankin.index_build.explain_audit import ExplainAudit, explain_audit, outlines_of
from scankin.models import load_encoder
from scankin.retrieval.errors import CasebookError, InvalidRequest
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.store import load_version

OUTLINED = 10
"""Films, of five patients."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("audited")).parent


@pytest.fixture(scope="module")
def outlines(made: Path) -> dict[str, Path]:
    """Outlines of the films of five patients: the left quarter of the picture."""
    mask = np.zeros((96, 96), np.uint8)
    mask[:, :24] = 255
    Image.fromarray(mask).save(made / "mask.png")
    rows = [f"{number:03d}.dcm,{'mask.png' if number < OUTLINED else ''}" for number in range(12)]
    (made / "masks.csv").write_text("\n".join(["image_path,lung_mask_path", *rows]))
    return outlines_of(made / "masks.csv")


def audited(made: Path, films: int, outlines: dict[str, Path] | None) -> ExplainAudit:
    retriever = Retriever(load_version(made / "store"), load_encoder("thumbnail"))
    return explain_audit(made / "casebook", retriever, films, outlines=outlines)


def test_films_with_an_outline_are_asked_one_a_patient(made: Path, outlines: dict[str, Path]) -> None:
    assert len(outlines) == OUTLINED
    audit = audited(made, 100, outlines)
    assert len(audit.explanations) == OUTLINED // 2 and not audit.refused and audit.lungs == "outlines"
    for one in audit.explanations:
        positive = np.clip(one.query_map, 0, None)
        assert one.in_lungs is not None and one.in_lungs.area == pytest.approx(0.25, abs=0.01)
        assert one.in_lungs.share == pytest.approx(positive[:, :4].sum() / positive.sum(), abs=0.02)


def test_figures_are_those_of_the_explanations(made: Path, outlines: dict[str, Path], tmp_path: Path) -> None:
    audit = audited(made, 4, outlines)
    raw = json.loads(audit.write(tmp_path / "out").read_text())
    found = [one.faithfulness for one in audit.explanations]
    assert raw["films"] == 4 and raw["faithful"]["count"] == sum(one.as_good == 0 for one in found)
    assert raw["faithful"]["by_chance"] == pytest.approx(0.05)
    low, high = raw["faithful"]["interval"]
    assert 0 <= low <= raw["faithful"]["share"] <= high <= 1
    assert raw["deletion"]["value"] == pytest.approx(np.mean([one.areas.deletion for one in found]))
    assert raw["insertion_random"]["value"] == pytest.approx(np.mean([one.random.insertion for one in found]))
    assert raw["largest_error_of_sum"]["query_map"] < 1e-5 and raw["largest_error_of_sum"]["neighbour_map"] is None
    inside = [one.in_lungs for one in audit.explanations if one.in_lungs]
    assert raw["lungs"]["difference"]["value"] == pytest.approx(np.mean([one.share - one.area for one in inside]))
    assert raw["median_seconds"] > 0 and "Research use only" in raw["notice"]


def test_lungs_of_a_network_are_told_with_the_films_they_were_found_on(made: Path) -> None:
    audit = audited(made, 3, None)
    lungs = audit.as_json()["lungs"]
    assert lungs["from"] == "network"
    assert lungs["films"] == sum(one.in_lungs is not None for one in audit.explanations)
    assert (lungs["share_of_map"]["value"] is None) is (lungs["films"] == 0)


def test_what_is_no_table_of_outlines_is_told(made: Path, tmp_path: Path) -> None:
    (tmp_path / "masks.csv").write_text("a,b\n1,2\n")
    for path in (tmp_path / "masks.csv", tmp_path / "none.csv"):
        with pytest.raises(InvalidRequest, match="image_path and lung_mask_path"):
            outlines_of(path)
    with pytest.raises(CasebookError, match="no frontal film"):
        audited(made, 3, {"elsewhere.png": tmp_path})
