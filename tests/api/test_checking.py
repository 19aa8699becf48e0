import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scankin.api import engine
from scankin.api.checking import check
from scankin.api.cli import app
from scankin.retrieval.retriever import Retriever


def test_every_scan_of_a_folder_gets_a_verdict_or_the_reason_why_it_came_to_none(
    gated_retriever: Retriever, scans_of_kinds: Path
) -> None:
    checked = {
        Path(one.input).name: one for one in check(scans_of_kinds, gated_retriever, None, mix_ages=False, workers=2)
    }
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


def test_a_gate_that_is_off_passes_noise_and_says_so(gated_retriever: Retriever, scans_of_kinds: Path) -> None:
    (one,) = check(scans_of_kinds / "noise" / "n.png", gated_retriever, 0, mix_ages=False, workers=1)
    assert one.status == "ok" and "switched off" in one.message


def test_the_command_line_exits_3_for_a_refusal_and_0_for_none(
    gated_retriever: Retriever, scans_of_kinds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "open_retriever", lambda *_: gated_retriever)
    refused = CliRunner().invoke(app, ["check", str(scans_of_kinds / "noise"), "--index", "x", "--json"])
    assert refused.exit_code == 3 and json.loads(refused.stdout)["code"] == "unlike_the_index"
    fine = CliRunner().invoke(app, ["check", str(scans_of_kinds / "like" / "a.png"), "--index", "x"])
    assert fine.exit_code == 0 and ": ok\n" in fine.stdout
