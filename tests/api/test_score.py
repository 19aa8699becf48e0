import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import a_dataset, dicom_bytes
from stores import a_film, a_store

from scankin.api.engine import Options, answer, open_retriever
from scankin.api.rows import flat
from scankin.api.scoring import run_key, score
from scankin.retrieval.course.asked import parsed_time
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadingPool, ReadRequest


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("score"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    (made / "deep").mkdir(parents=True)
    for number in range(500, 506):
        (made / "deep" / f"{number}.dcm").write_bytes(a_film(number))
    (made / "empty.dcm").write_bytes(b"")
    (made / "hand.dcm").write_bytes(dicom_bytes(a_dataset(BodyPartExamined="HAND")))
    (made / "cut.dcm").write_bytes(a_film(600)[:-500])
    (made / "note.txt").write_text("a companion")
    with zipfile.ZipFile(made / "one.zip", "w") as archive:
        archive.writestr("x", a_film(601))
    return made


def run(store: Path, folder: Path, out: Path, workers: int = 2):
    return score([folder], open_retriever(store, None, "cpu"), out, Options(Question(5)), workers=workers)


def test_every_scan_has_its_row_in_order_whatever_is_wrong_with_it(store: Path, folder: Path, tmp_path: Path) -> None:
    account = run(store, folder, tmp_path / "r.ndjson")
    rows = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    columns = ["input", "status", "code", "message", "report", "patient", "study_day", "admission", "site"]
    assert all(list(row) == columns for row in rows)
    seen = {Path(row["input"]).name: (row["status"], row["code"]) for row in rows}
    assert seen == {
        "cut.dcm": ("failed", "broken_pixels"),
        "empty.dcm": ("failed", "empty_file"),
        "hand.dcm": ("refused", "not_a_chest"),
        "one.zip": ("ok", None),
        **{f"{number}.dcm": ("ok", None) for number in range(500, 506)},
    }
    assert [row["input"] for row in rows] == sorted(
        (row["input"] for row in rows), key=lambda p: (Path(p).parent != folder, p)
    )
    assert dict(account.statuses) == {"ok": 7, "refused": 1, "failed": 2}


def test_batch_library_and_command_give_one_report(store: Path, folder: Path, tmp_path: Path) -> None:
    run(store, folder, tmp_path / "r.ndjson")
    rows = {Path(r["input"]).name: r for r in map(json.loads, (tmp_path / "r.ndjson").read_text().splitlines())}
    path = folder / "deep" / "503.dcm"
    with ReadingPool(1) as pool:
        direct = answer(
            open_retriever(store, None, "cpu"), pool, ReadRequest(paths=(path,), slices=32), Options(Question(5))
        )
    command = [sys.executable, "-m", "scankin.api", "search", str(path), "--index", str(store), "-k", "5", "--json"]
    printed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert rows["503.dcm"]["report"] == direct.as_json() == printed


def test_any_number_of_workers_writes_the_same_bytes(store: Path, folder: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        run(store, folder, tmp_path / f"{workers}.ndjson", workers)
    assert (tmp_path / "1.ndjson").read_bytes() == (tmp_path / "2.ndjson").read_bytes()


def test_csv_and_parquet_hold_the_numbers_of_the_report(store: Path, folder: Path, tmp_path: Path) -> None:
    run(store, folder, tmp_path / "r.ndjson")
    run(store, folder, tmp_path / "r.csv")
    run(store, folder, tmp_path / "r.parquet")
    reports = [json.loads(line)["report"] for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    table = pq.read_table(tmp_path / "r.parquet").to_pylist()
    with (tmp_path / "r.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(table) == len(cells) == len(reports) == 10
    for report, row, cell in zip(reports, table, cells, strict=True):
        if report is None:
            assert row["died_known"] is None and cell["died_known"] == ""
            continue
        died = report["outcomes"][0]
        assert (row["died_happened"], row["died_known"], row["died_unknown"]) == (
            died["happened"], died["known"], died["unknown"],
        )  # fmt: skip
        assert row["died_estimate"] == died["estimate"] and row["died_base_rate"] == died["base_rate"]
        assert json.loads(row["neighbours"]) == report["neighbours"]
        assert cell["died_known"] == str(died["known"]) and cell["index_version"] == report["index"]["version"]
        assert "Research use only" in row["notice"]


def test_cells_that_look_like_formulas_are_made_harmless(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("=cmd.dcm").write_bytes(a_film(500))
    score([Path("=cmd.dcm")], open_retriever(store, None, "cpu"), Path("r.csv"), Options(Question(2)), workers=1)
    with Path("r.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["input"] == "'=cmd.dcm"


def test_an_interrupted_run_resumes_to_the_same_bytes(store: Path, folder: Path, tmp_path: Path) -> None:
    run(store, folder, tmp_path / "whole.ndjson")
    out = tmp_path / "r.ndjson"

    def interrupt(done: int, of: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score([folder], open_retriever(store, None, "cpu"), out, Options(Question(5)), workers=1, progress=interrupt)
    assert not out.exists()
    account = run(store, folder, out)
    assert account.resumed >= 3
    assert out.read_bytes() == (tmp_path / "whole.ndjson").read_bytes()
    assert not out.with_name("r.ndjson.partial").exists()


def test_a_killed_run_resumes_to_the_same_bytes(store: Path, folder: Path, tmp_path: Path) -> None:
    run(store, folder, tmp_path / "whole.ndjson")
    out = tmp_path / "r.ndjson"
    command = [
        sys.executable,
        "-m",
        "scankin.api",
        "score",
        str(folder),
        "--index",
        str(store),
        "--out",
        str(out),
        "-k",
        "5",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    partial = out.with_name("r.ndjson.partial")
    while not (partial.exists() and partial.read_bytes().count(b"\n") > 3) and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run(store, folder, out)
    assert out.read_bytes() == (tmp_path / "whole.ndjson").read_bytes()


def test_rows_of_other_options_are_not_taken_over(store: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.ndjson"
    out.with_name("r.ndjson.partial").write_text('{"run": "another"}\n["key", {}]\n')
    assert run(store, folder, out).resumed == 0


def test_a_run_as_of_a_day_is_another_run(store: Path) -> None:
    retriever = open_retriever(store, None, "cpu")
    asked = [Question(time=parsed_time(as_of=day)) for day in (None, date(2020, 4, 30), date(2020, 5, 1))]
    assert len({run_key(retriever, Options(one)) for one in asked}) == 3


def test_an_ending_that_is_not_written_is_told_before_work_starts(store: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"\.xlsx"):
        run(store, folder, tmp_path / "r.xlsx")
    assert list(tmp_path.glob("r.*")) == []


def test_a_flat_row_of_a_refusal_is_empty_not_zero() -> None:
    from scankin.api.rows import Scored

    row = flat(Scored("x", "refused", "blank", "b"), [("outcomes", "died")])
    assert row["died_happened"] is None and row["died_known"] is None
