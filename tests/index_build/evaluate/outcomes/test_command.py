import json
import sys
from pathlib import Path

import pytest
from stores import CANARY, a_store
from typer.testing import CliRunner

from scankin.index_build.cli import app
from scankin.retrieval.errors import CasebookError, InvalidRequest
from scankin.retrieval.report import NOTICE


@pytest.fixture(scope="module")
def casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foretold")
    a_store(folder)
    return folder / "casebook"


def arguments(casebook: Path, into: Path, *more: str) -> list[str]:
    return ["evaluate", str(casebook), "--encoder", "thumbnail", "--outcomes", "--out", str(into), *more]


def test_a_casebook_of_too_few_patients_says_of_every_outcome_why_it_is_not_measured(
    casebook: Path, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, arguments(casebook, tmp_path / "o", "--audit", "quick"), catch_exceptions=False)
    assert done.exit_code == 0
    # 12 patients, of whom 4 died and 4 lived; of 4 nothing is known.
    assert "Died: not measured: of 8 patients asked in whom it is known, 0 had an estimate" in done.stdout
    assert "nothing is claimed" in done.stdout and NOTICE in done.stdout
    raw = json.loads((tmp_path / "o" / "outcomes.json").read_text())
    assert all(one["refusal"] and "figures" not in one for one in raw["outcomes"].values())
    assert raw["asked"] == 8 and raw["notice"] == NOTICE
    for name in ("outcomes.json", "outcomes.html"):
        text = (tmp_path / "o" / name).read_text()
        assert CANARY not in text and str(tmp_path) not in text and "NaN" not in text


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        (("--against", "thumbnail"), InvalidRequest, "--against is of the retrieval report"),
        (("--truth", "nowhere.jsonl"), CasebookError, r"There is no nowhere\.jsonl"),
    ],
)
def test_what_does_not_go_together_is_refused(
    casebook: Path, tmp_path: Path, more: tuple[str, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        CliRunner().invoke(app, arguments(casebook, tmp_path / "o", *more), catch_exceptions=False)
    with pytest.raises(InvalidRequest, match="--truth is of the report about outcomes"):
        retrieval = [one for one in arguments(casebook, tmp_path / "o", "--truth", "x") if one != "--outcomes"]
        CliRunner().invoke(app, retrieval, catch_exceptions=False)


def test_without_its_libraries_it_says_which_extra_to_install(
    casebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sksurv", None)  # as if it were not there
    with pytest.raises(InvalidRequest, match=r"pip install 'scankin\[evaluate\]'"):
        CliRunner().invoke(app, arguments(casebook, tmp_path / "o"), catch_exceptions=False)
