"""scankin-index as a user runs it: its own process, exit codes, one line of error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import a_dataset, dicom_bytes
from stores import a_film, a_store

from scankin.index_build.publish import locked
from scankin.retrieval.store import current_name

USAGE, STORE = 2, 4


def run(*arguments: object, key: Path) -> subprocess.CompletedProcess[str]:
    code = "from scankin.index_build.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SCANKIN_KEY_FILE": str(key), "COLUMNS": "200", "NO_COLOR": "1"},
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("made"))


def test_from_a_folder_to_a_store_and_back(tmp_path: Path) -> None:
    source, key = tmp_path / "source", tmp_path / "key"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.dcm").write_bytes(a_film(number))
    (source / "broken.dcm").write_bytes(b"not DICOM")
    ingest = ("ingest", source, tmp_path / "book", "--from", "auto", "--workers", 1)
    build = ("build", tmp_path / "book", tmp_path / "store", "--encoder", "thumbnail", "--workers", 1)

    first = run(*ingest, key=key)
    assert first.returncode == 0, first.stderr
    assert "4 items = 3 scans + 1 refusals" in first.stdout
    assert "2 patients; 3 scans read in this run." in first.stdout  # two films a patient
    assert key.stat().st_mode & 0o077 == 0

    built = run(*build, key=key)
    assert built.returncode == 0, built.stderr
    old = current_name(tmp_path / "store")
    assert "indexed 3 X-ray; refused none." in built.stdout and f"Published version {old}." in built.stdout

    (source / "3.dcm").write_bytes(dicom_bytes(a_dataset(PatientID="P3")))
    assert "1 scans read in this run." in run(*ingest, key=key).stdout
    assert "1 encoded in this run" in run(*build, key=key).stdout
    new = current_name(tmp_path / "store")
    listed = run("list", tmp_path / "store", key=key).stdout
    assert [("*" in line, line.split("│")[-2].strip()) for line in listed.splitlines() if "thumbnail" in line] == [
        (False, "0"),
        (True, "0"),
    ]
    assert next(line for line in listed.splitlines() if "*" in line).count(new) == 1

    assert run("rollback", tmp_path / "store", key=key).stdout.strip() == f"Current is now {old}."
    assert current_name(tmp_path / "store") == old
    done = run("rollback", tmp_path / "store", key=key)
    assert (done.returncode, one_line(done)) == (
        STORE,
        "StoreMissing: The store has no version before the current one.",
    )


def test_verify_counts_files_and_names_the_damaged_one(store: Path, tmp_path: Path) -> None:
    name = current_name(store)
    done = run("verify", store, key=tmp_path / "key")
    files = len(list((store / "versions" / name).iterdir())) - 1  # all but the manifest itself
    assert f"{name}: {files} files match their hashes." in done.stdout
    assert f"Current version {name} loads: 24 X-ray scans, 12 patients." in done.stdout
    path = store / "versions" / name / "cases.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:10] + bytes([whole[10] ^ 1]) + whole[11:])
    try:
        done = run("verify", store, key=tmp_path / "key")
        assert done.returncode == STORE
        assert one_line(done).startswith("StoreCorrupt: ") and "cases.parquet" in one_line(done)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("arguments", "code", "begins"),
    [
        (("verify", "nowhere"), STORE, "StoreMissing: "),
        (("build", "nowhere", "store", "--encoder", "thumbnail"), STORE, "CasebookError: nowhere"),
        (("ingest", "empty", "book", "--from", "auto"), STORE, "CasebookError: empty"),
        (("ingest", "empty", "book", "--from", "hannover"), STORE, "CasebookError: This is not hannover"),
        (("ingest", "empty", "book", "--from", "nonsense"), USAGE, "UnknownName: "),
        (("build", "nowhere", "store", "--encoder", "thumbnail", "--weights", "w"), USAGE, "InvalidRequest: "),
    ],
)
def test_what_can_be_foreseen_is_one_line_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, begins: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "key").write_bytes(bytes(32))
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, key=tmp_path / "key")
    assert one_line(done).startswith(begins)
    assert (done.returncode, done.stdout) == (code, "")
    assert not (tmp_path / "store").exists()


def test_a_second_publisher_is_told_so(store: Path, tmp_path: Path) -> None:
    with locked(store):
        done = run("rollback", store, key=tmp_path / "key")
    assert (done.returncode, one_line(done).partition(":")[0]) == (STORE, "StoreLocked")


def test_a_key_of_the_wrong_length_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "0.dcm").write_bytes(a_film(0))
    (tmp_path / "key").write_bytes(b"short")
    done = run("ingest", tmp_path / "source", tmp_path / "book", "--from", "auto", key=tmp_path / "key")
    assert (done.returncode, "5 bytes" in one_line(done)) == (STORE, True)
