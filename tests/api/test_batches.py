"""Lists, buckets and admissions through the whole of batch scoring."""

import csv
import logging
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
import s3fs
from bucket import BUCKET, a_bucket
from builders import KEYRING, a_dataset, dicom_bytes
from stores import CANARY, a_film, a_store

from scankin.api.engine import Options, open_retriever
from scankin.api.scoring import Tables, score
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.question import Question
from scankin.retrieval.retriever import Retriever


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return open_retriever(a_store(tmp_path_factory.mktemp("batches")), None, "cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    (made / "ward").mkdir(parents=True)
    for number in (500, 501, 504):  # two of one patient, one of another
        (made / "ward" / f"{number}.dcm").write_bytes(a_film(number))
    (made / "empty.dcm").write_bytes(b"")
    (made / "note.txt").write_text("a companion")
    return made


@pytest.fixture
def in_memory(folder: Path) -> Iterator[str]:
    fsspec.filesystem("memory").store.clear()
    for path in folder.rglob("*"):
        if path.is_file():
            fsspec.filesystem("memory").pipe(f"/inbox/{path.relative_to(folder).as_posix()}", path.read_bytes())
    yield "memory://inbox"
    fsspec.filesystem("memory").store.clear()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_list_is_scored_with_what_it_says_and_missing_files_have_rows(
    retriever: Retriever, folder: Path, tmp_path: Path
) -> None:
    (folder / "day.csv").write_text(
        "path,patient,admission,site\n"
        "ward/500.dcm,Ann,2020-04-01,North\n"
        "ward/504.dcm,Ann,2020-04-01,\n"
        "gone.dcm,Bob,bed 7,South\n"
    )
    account = score([folder / "day.csv"], retriever, tmp_path / "r.csv", Options(Question(3)), workers=2)
    assert dict(account.statuses) == {"ok": 2, "failed": 1} and dict(account.reasons) == {"missing_file": 1}
    scans = rows(tmp_path / "r.csv")
    assert [Path(row["input"]).name for row in scans] == ["500.dcm", "504.dcm", "gone.dcm"]
    patients = rows(tmp_path / "r.patients.csv")
    assert [(row["status"], row["films"], row["ok_films"], row["site"]) for row in patients] == [
        ("ok", "2", "2", "North"),
        ("failed", "1", "0", "South"),
    ]
    assert patients[0]["patient"] == KEYRING.queried_patient("ann") and patients[1]["reasons"] == "missing_file:1"
    assert patients[0]["index_input"] == scans[1]["input"], "of one day the last in the order of the inputs"
    assert patients[0]["died_estimate"] == scans[1]["died_estimate"]
    assert patients[0]["died_base_rate"] == scans[1]["died_base_rate"] and patients[0]["index_day"] == "2020-04-02"
    written = (tmp_path / "r.csv").read_text() + (tmp_path / "r.patients.csv").read_text()
    assert "Ann" not in written and "bed 7" not in written and CANARY not in written


def test_films_are_grouped_by_header_and_a_silent_estimate_is_told_with_its_reason(
    retriever: Retriever, folder: Path, tmp_path: Path
) -> None:
    account = score([folder], retriever, tmp_path / "r.csv", Options(Question(3)), workers=2)
    patients = rows(tmp_path / "r.patients.csv")
    assert account.patients == 3 and [row["films"] for row in patients] == ["1", "2", "1"]
    assert patients[1]["first_day"] == patients[1]["last_day"] == "2020-04-02"
    for row in patients[1:]:  # a dozen patients are too few for any estimate
        assert "intensive_care_7d" in row["abstained"].split() and row["abstained_because"]
        assert row["intensive_care_7d_estimate"] == ""
    assert all("Research use only" in row["notice"] for row in patients)


def same(path: Path, prefix: str) -> list[tuple[str, ...]]:
    wanted = ("status", "code", "patient", "study_day", "neighbours", "died_estimate")
    return sorted((row["input"].removeprefix(prefix), *(row[name] for name in wanted)) for row in rows(path))


def test_a_bucket_gives_the_rows_of_the_folder(
    retriever: Retriever, folder: Path, in_memory: str, tmp_path: Path
) -> None:
    score([folder], retriever, tmp_path / "f.csv", Options(Question(3)), workers=2)
    score([in_memory], retriever, tmp_path / "b.csv", Options(Question(3)), workers=2)
    assert same(tmp_path / "b.csv", in_memory) == same(tmp_path / "f.csv", str(folder))


def test_an_object_named_by_its_address_is_scored_and_one_that_is_missing_has_a_row(
    retriever: Retriever, folder: Path, in_memory: str, tmp_path: Path
) -> None:
    (tmp_path / "l.txt").write_text(f"{in_memory}/ward/500.dcm\n{in_memory}/ward/gone.dcm\n{in_memory}/ward/504.dcm\n")
    score([tmp_path / "l.txt"], retriever, tmp_path / "r.csv", Options(Question(3)), workers=2)
    found = {row["input"].rpartition("/")[2]: (row["status"], row["code"]) for row in rows(tmp_path / "r.csv")}
    assert found == {"500.dcm": ("ok", ""), "504.dcm": ("ok", ""), "gone.dcm": ("failed", "missing_file")}


def test_an_interrupted_bucket_goes_on_without_fetching_what_is_done(
    retriever: Retriever, in_memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scankin.api.lots.FILES_OF_A_LOT", 1)
    fetched: list[str] = []
    read = fsspec.filesystem("memory").cat_file
    monkeypatch.setattr(
        type(fsspec.filesystem("memory")),
        "cat_file",
        lambda _self, path, **more: fetched.append(path) or read(path, **more),
    )

    def interrupt(done: int, of: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score([in_memory], retriever, tmp_path / "r.csv", Options(Question(3)), workers=1, progress=interrupt)
    assert any(path.endswith("empty.dcm") for path in fetched)
    fetched.clear()
    account = score([in_memory], retriever, tmp_path / "r.csv", Options(Question(3)), workers=1)
    assert account.resumed >= 1 and sum(account.statuses.values()) == 4
    assert fetched and not any(path.endswith("empty.dcm") for path in fetched), "the first folder was finished"


@pytest.mark.filterwarnings(
    # moto's server and boto's own client leave sockets to the collector
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:datetime.datetime.utc:DeprecationWarning",
)
def test_s3_gives_the_rows_of_the_folder_and_a_bucket_that_is_not_there_a_row(
    retriever: Retriever, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3fs.S3FileSystem.clear_instance_cache()
    score([folder], retriever, tmp_path / "f.csv", Options(Question(3)), workers=2)
    with a_bucket(folder, monkeypatch):
        score(
            [f"s3://{BUCKET}", "s3://no-such-bucket/x"], retriever, tmp_path / "b.csv", Options(Question(3)), workers=2
        )
    s3fs.S3FileSystem.clear_instance_cache()
    *mine, last = rows(tmp_path / "b.csv")
    assert len(mine) == 4 and last["input"] == "s3://no-such-bucket/x" and last["status"] == "failed"
    assert [row[:2] for row in same(tmp_path / "f.csv", str(folder))] == sorted(
        (row["input"].removeprefix(f"s3://{BUCKET}"), row["status"]) for row in mine
    )


def test_parquet_and_ndjson_hold_the_same_admissions(retriever: Retriever, folder: Path, tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq

    for suffix in ("csv", "parquet", "ndjson"):
        score([folder], retriever, tmp_path / f"r.{suffix}", Options(Question(3)), workers=2)
    table = pq.read_table(tmp_path / "r.patients.parquet").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "r.patients.ndjson").read_text().splitlines()]
    cells = rows(tmp_path / "r.patients.csv")
    assert len(table) == len(lines) == len(cells) == 3
    for row, line, cell in zip(table, lines, cells, strict=True):
        assert row["films"] == line["films"] == int(cell["films"]) and row["patient"] == line["patient"]
        if line["report"] is None:
            assert row["died_base_rate"] is None and cell["died_base_rate"] == ""
        else:
            assert row["died_base_rate"] == line["report"]["outcomes"][0]["base_rate"] == float(cell["died_base_rate"])


def test_two_tables_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Name another"):
        Tables(tmp_path / "r.csv", tmp_path / "r.csv")
    assert Tables(tmp_path / "day.csv").patients_path == tmp_path / "day.patients.csv"


def test_a_blank_film_does_not_stand_for_its_patient(retriever: Retriever, folder: Path, tmp_path: Path) -> None:
    blank = a_dataset(np.zeros((32, 40)), PatientID=f"{CANARY}-250", StudyDate="20200401")
    (folder / "ward" / "499.dcm").write_bytes(dicom_bytes(blank))
    score([folder / "ward"], retriever, tmp_path / "r.csv", Options(Question(3)), workers=2)
    first = rows(tmp_path / "r.patients.csv")[0]
    assert Path(first["index_input"]).name == "501.dcm" and first["status"] == "ok"
    assert (first["films"], first["refused_films"], first["first_day"]) == ("3", "1", "2020-04-01")
