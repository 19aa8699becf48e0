"""What the command writes: figures, lists, a page that stands alone, and results to paste."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from builders import sources_and_truth
from stores import CANARY, a_store

from scankin.index_build.cli import app
from scankin.index_build.evaluate.page import similarities
from scankin.index_build.evaluate.run import evaluate
from scankin.index_build.evaluate.verdicts import Result, verdicts
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import InvalidRequest

TESTS = {f"T{number}" for number in range(1, 16)}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    a_store(folder)
    arguments = ["evaluate", str(folder / "casebook"), "--encoder", "thumbnail", "--against", "thumbnail"]
    app([*arguments, "--reencode", "50", "--out", str(folder / "out")], standalone_mode=False)
    app([*arguments[:4], "--audit", "quick", "--no-pictures", "--out", str(folder / "quick")], standalone_mode=False)
    return folder / "out"


def test_figures_name_the_primary_one_the_leaky_ones_and_every_test(out: Path) -> None:
    raw = json.loads((out / "metrics.json").read_text())
    assert raw["primary"]["test"] == "T5" and raw["primary"]["scope"] == "across sources"
    assert raw["leaky_scopes"] == ["pooled"]
    assert raw["films"] == 24 and raw["queries"] == {"may_ask": 24, "fitted_on_so_only_answer": 0}
    assert set(raw["audit"]["verdicts"]) == TESTS
    assert raw["audit"]["T6"] == {"lists_with_own_patient": 0}
    assert raw["audit"]["re_encoded"]["films"] == 24 and len(raw["audit"]["T13"]) == 12
    assert set(raw["floors"]) == {"random ranking", "pixels", "shuffled labels"}
    assert set(raw["differences"]["pooled"]) == set(raw["figures"]["pooled"])


def test_patients_who_never_answer_each_other_are_listed_by_key(out: Path) -> None:
    splits = json.loads((out / "splits.json").read_text())
    assert len(splits) == 12 and set(splits.values()) <= set(range(12))
    assert (out / "duplicates.csv").read_text().startswith("scan,other_scan,patient,other_patient")


def test_the_page_stands_alone_and_names_no_patient(out: Path) -> None:
    page = (out / "report.html").read_text()
    assert not re.search(r"(src=\"(?!data:image/png)|href=\"[^#]|https?://|<script)", page)
    assert "<svg" in page and "Research use only" in page and "data:image/png;base64," in page
    keys = json.loads((out / "splits.json").read_text())
    assert not any(key in page for key in keys) and CANARY not in page


def test_pictures_and_encoding_anew_are_left_out_on_request(out: Path) -> None:
    quick = out.parent / "quick"
    assert "data:image" not in (quick / "report.html").read_text()
    verdict = json.loads((quick / "metrics.json").read_text())["audit"]["verdicts"]
    assert {test for test, one in verdict.items() if one["result"] == "not done"} >= {"T1", "T2", "T8", "T13"}


def test_results_to_paste_state_the_primary_figure_every_verdict_and_the_notice(out: Path) -> None:
    text = (out / "results.md").read_text()
    assert "**Primary figure, named before looking (T5" in text and "Research use only" in text
    assert "leaky, no claim rests on it" in text
    assert {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| T")} == TESTS
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(row.count("|") in (4, 5, 7) for row in rows)


def test_an_unknown_audit_is_refused_by_name(tmp_path: Path) -> None:
    arguments = ["evaluate", str(tmp_path), "--encoder", "thumbnail", "--audit", "deep", "--out", str(tmp_path / "o")]
    with pytest.raises(InvalidRequest, match=r"--audit deep: .* full, quick"):
        app(arguments, standalone_mode=False)


def test_verdicts_follow_the_figures() -> None:
    identity = EncoderIdentity("made", "none", "none", "none", 4)
    results = {
        by: {one.test: one.result for one in verdicts(evaluate(sources_and_truth(8, by=by), identity))}
        for by in ("illness", "source")
    }
    assert results["illness"]["T5"] is Result.PASSED and results["source"]["T5"] is Result.FAILED
    assert results["illness"]["T4"] is Result.PASSED and results["source"]["T4"] is Result.FAILED


def test_similarities_are_of_pairs_of_different_people_by_finding_and_source() -> None:
    sample = sources_and_truth(9, by="source")
    found = similarities(sample)
    assert np.mean(found["same findings, same source"]) > np.mean(found["same findings, other source"]) + 0.5
    assert sum(map(len, found.values())) > 0
