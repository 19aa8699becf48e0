import csv
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from builders import a_slice, dicom_bytes
from stores import a_film, a_store

from scankin.api.engine import Options, open_retriever
from scankin.api.scoring import ScoreAccount, Tables
from scankin.api.watching import Arrivals, watch
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadingPool


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("watch"))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    made = tmp_path / "inbox"
    made.mkdir()
    return made


def names(rows: Path) -> list[str]:
    with rows.open(newline="") as file:
        return [Path(row["input"]).name for row in csv.DictReader(file)]


def test_a_file_that_still_grows_is_left_alone_until_two_looks_agree(inbox: Path) -> None:
    film = a_film(500)
    with ReadingPool(1) as pool:
        arrivals = Arrivals(inbox, pool)
        (inbox / "a.dcm").write_bytes(film[:300])
        assert arrivals.look() == []
        (inbox / "a.dcm").write_bytes(film)
        assert arrivals.look() == []
        assert [scan.name for scan in arrivals.look()] == [str(inbox / "a.dcm")]


def test_a_series_waits_until_no_further_slice_comes(inbox: Path) -> None:
    def arrive(number: int) -> None:
        (inbox / f"{number}.dcm").write_bytes(dicom_bytes(a_slice("1.2.3", 5.0 * number, -700)))

    with ReadingPool(1) as pool:
        arrivals = Arrivals(inbox, pool)
        arrive(1)
        assert arrivals.look() == []
        arrive(2)
        assert arrivals.look() == []  # the first is whole by itself, but another slice is there by now
        assert arrivals.look() == []
        (scan,) = arrivals.look()
        assert len(scan.paths) == 2


def test_each_arrival_is_scored_once_and_a_restart_scores_nothing_twice(store: Path, inbox: Path) -> None:
    retriever, tables = open_retriever(store, None, "cpu"), Tables(inbox.parent / "r.csv")
    asked: list[str] = []
    report = retriever.report
    retriever.report = lambda *given: asked.append("one") or report(*given)  # type: ignore[method-assign]

    def run(until: int) -> ScoreAccount:
        ended = threading.Event()

        def so_far(account: ScoreAccount) -> None:
            if sum(account.statuses.values()) >= until:
                ended.set()

        thread = threading.Timer(60, ended.set)
        thread.start()
        try:
            return watch(
                inbox,
                retriever,
                tables,
                Options(Question(2)),
                workers=1,
                poll_seconds=0.02,
                ended=ended,
                progress=so_far,
            )
        finally:
            thread.cancel()

    for number in (500, 502):
        (inbox / f"{number}.dcm").write_bytes(a_film(number))
    (inbox / "empty.dcm").write_bytes(b"")
    assert dict(run(3).statuses) == {"ok": 2, "failed": 1} and len(asked) == 2
    (inbox / "500.dcm").unlink()
    (inbox / "504.dcm").write_bytes(a_film(504))
    assert dict(run(4).statuses) == {"ok": 3, "failed": 1} and len(asked) == 3
    assert set(names(tables.scans)) == {"500.dcm", "502.dcm", "empty.dcm", "504.dcm"}, "what was moved away stays"
    assert names(tables.scans)[-1] == "504.dcm" and tables.patients_path.is_file()


def test_a_folder_that_is_not_there_is_told(store: Path, inbox: Path) -> None:
    with pytest.raises(InvalidRequest, match="not there"):
        watch(
            inbox / "none",
            open_retriever(store, None, "cpu"),
            Tables(inbox / "r.csv"),
            Options(),
            workers=1,
            poll_seconds=1,
            ended=threading.Event(),
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_cleanly_with_its_tables_written(
    store: Path, inbox: Path, kind: signal.Signals
) -> None:
    (inbox / "500.dcm").write_bytes(a_film(500))
    out = inbox.parent / "r.csv"
    command = [sys.executable, "-m", "scankin.api", "score", "--watch", str(inbox), "--index", str(store)]
    command += ["--out", str(out), "--poll-seconds", "0.1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        began = time.monotonic()
        while not (out.exists() and names(out)) and time.monotonic() - began < 120:
            time.sleep(0.1)
        process.send_signal(kind)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert names(out) == ["500.dcm"] and "1 scans: 1 ok" in told and "500.dcm" not in told
