import json
from pathlib import Path

import pytest
from stores import a_gated_retriever, scans_by_kind
from typer.testing import CliRunner

from scankin.api import engine
from scankin.api.checking import check
from scankin.api.cli import app
from scankin.retrieval.retriever import Retriever


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return a_gated_retriever(tmp_path_factory.mktemp("version"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scans_by_kind(tmp_path_factory.mktemp("scans"))


def test_every_scan_of_a_folder_gets_a_verdict_or_the_reason_why_it_came_to_none(
    retriever: Retriever, folder: Path
) -> None:
    checked = {Path(one.input).name: one for one in check(folder, retriever, None, mix_ages=False, workers=2)}
    assert {name: one.code for name, one in checked.items()} == {
        "a.png": None,
        "indexed.png": None,
        "n.png": "unlike_the_index",
        "hand.dcm": "not_a_chest",
        "side.dcm": "not_frontal",
        "torn.dcm": "empty_file",
    }
    assert checked["torn.dcm"].status == "failed" and checked["n.png"].status == "refused"
    line = json.loads(checked["n.png"].line())
    assert line["gate"]["p_value"] == pytest.approx(1 / 21) and len(line["gate"]["depths"]) == 6
    assert "Research use only" in line["notice"] and checked["n.png"].text().count("\n  p ") == 6


def test_a_gate_that_is_off_passes_noise_and_says_so(retriever: Retriever, folder: Path) -> None:
    (one,) = check(folder / "noise" / "n.png", retriever, 0, mix_ages=False, workers=1)
    assert one.status == "ok" and "switched off" in one.message


def test_the_command_line_exits_3_for_a_refusal_and_0_for_none(
    retriever: Retriever, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "open_retriever", lambda *_: retriever)
    refused = CliRunner().invoke(app, ["check", str(folder / "noise"), "--index", "x", "--json"])
    assert refused.exit_code == 3 and json.loads(refused.stdout)["code"] == "unlike_the_index"
    fine = CliRunner().invoke(app, ["check", str(folder / "like" / "a.png"), "--index", "x"])
    assert fine.exit_code == 0 and ": ok\n" in fine.stdout
