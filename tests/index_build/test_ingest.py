import hashlib
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import KEYRING
from stores import CANARY, FILMS_EACH, PATIENTS, a_casebook, a_film, a_source, reads

from scankin.index_build.casebook import TABLES, Casebook
from scankin.index_build.importers import OpenedSource
from scankin.index_build.ingest import ingest
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.keys import Keyring
from scankin.retrieval.source_tree import FolderTree

FILMS = PATIENTS * FILMS_EACH


def content(casebook: Path) -> dict[str, str]:
    names = [f"{name}.parquet" for name in TABLES] + ["manifest.json"]
    return {name: hashlib.sha256((casebook / name).read_bytes()).hexdigest() for name in names}


def test_every_item_is_a_scan_or_a_refusal_with_a_reason(tmp_path: Path) -> None:
    account = a_casebook(tmp_path / "book", a_source(tmp_path / "source"))
    assert account.items == FILMS + 2
    half = FILMS // 2
    assert dict(account.scans) == {("test", "north", "", "X-ray"): half, ("test", "south", "", "X-ray"): half}
    assert dict(account.refusals) == {("test", "north", "", "not_dicom"): 1, ("test", "", "", "broken_record"): 1}
    book = Casebook.load(tmp_path / "book")
    refusals = {row["source_id"]: row["reason"] for row in book.tables["refusals"].to_pylist()}
    assert refusals == {"broken.dcm": "not_dicom", "listed-but-refused": "broken_record"}


def test_scans_carry_key_and_source_id_and_no_pseudonym_in_keys(tmp_path: Path) -> None:
    a_casebook(tmp_path / "book", a_source(tmp_path / "source"))
    rows = Casebook.load(tmp_path / "book").tables["scans"].to_pylist()
    assert {row["source_id"] for row in rows} == {f"{n:03d}.dcm" for n in range(FILMS)}
    assert len({row["scan"] for row in rows}) == FILMS
    assert len({row["patient"] for row in rows}) == PATIENTS
    assert all(CANARY not in row["scan"] + row["patient"] for row in rows)
    first = next(row for row in rows if row["source_id"] == "000.dcm")
    assert first["scan"] == KEYRING.scan("test", "000.dcm")
    assert (first["view"], first["sex"], first["site"], dict(first["findings"])) == (
        "PA",
        "F",
        "north",
        {"COVID-19": True},
    )


def test_a_second_run_is_identical_and_reads_nothing(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    before = content(tmp_path / "book")
    assert a_casebook(tmp_path / "book", source).read == 0
    assert content(tmp_path / "book") == before
    a_casebook(tmp_path / "other", source)
    assert content(tmp_path / "other") == before


def test_an_interrupted_run_resumes_to_the_same_tables(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "whole", source)

    def interrupt(done: int, of: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        a_casebook(tmp_path / "book", source, progress=interrupt)
    journal = tmp_path / "book" / ".test.readings.ndjson"
    with journal.open("a") as file:
        file.write('["torn')  # as a crash leaves it
    account = a_casebook(tmp_path / "book", source)
    assert 0 < account.read <= FILMS + 1 - 9
    assert content(tmp_path / "book") == content(tmp_path / "whole")
    assert not journal.exists()


def test_a_changed_file_is_read_again_and_only_that(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    (source / "003.dcm").write_bytes(a_film(99))
    os.utime(source / "003.dcm", (1, 1))
    assert a_casebook(tmp_path / "book", source).read == 1


def test_two_sources_share_a_casebook_and_do_not_disturb_each_other(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    a_casebook(tmp_path / "book", source, name="again")
    rows = Casebook.load(tmp_path / "book").tables["scans"].to_pylist()
    assert {name: sum(row["source"] == name for row in rows) for name in ("test", "again")} == {
        "test": FILMS,
        "again": FILMS,
    }
    assert len({row["patient"] for row in rows}) == 2 * PATIENTS
    a_casebook(tmp_path / "book", source)
    assert Casebook.load(tmp_path / "book").tables["scans"].num_rows == 2 * FILMS


def test_a_file_that_is_not_there_is_a_refusal_and_is_read_once_it_comes(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    listed = list(reads(OpenedSource.of(source)))
    (source / "003.dcm").unlink()
    account = ingest("test", lambda _: listed, FolderTree(source), tmp_path / "book", KEYRING, workers=1)
    assert account.refusals["test", "north", "", "missing_file"] == 1
    assert account.items == FILMS + 2 == sum(account.scans.values()) + sum(account.refusals.values())
    (source / "003.dcm").write_bytes(a_film(3))
    account = ingest("test", lambda _: listed, FolderTree(source), tmp_path / "book", KEYRING, workers=1)
    assert (account.read, sum(account.scans.values())) == (1, FILMS)


def test_a_scan_that_the_source_no_longer_lists_leaves_the_casebook(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    (source / "003.dcm").unlink()
    assert a_casebook(tmp_path / "book", source).read == 0
    rows = Casebook.load(tmp_path / "book").tables["scans"].to_pylist()
    assert "003.dcm" not in {row["source_id"] for row in rows}
    assert len(rows) == FILMS - 1


def test_another_key_is_refused(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    with pytest.raises(CasebookError, match="another key"):
        ingest("test", reads, FolderTree(source), tmp_path / "book", Keyring(b"x" * 32), workers=1)


@pytest.mark.parametrize("table", list(TABLES))
def test_a_missing_or_altered_table_is_one_clear_error(tmp_path: Path, table: str) -> None:
    a_casebook(tmp_path / "book", a_source(tmp_path / "source"))
    path = tmp_path / "book" / f"{table}.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CasebookError, match="does not match"):
        Casebook.load(tmp_path / "book")
    path.unlink()
    with pytest.raises(CasebookError, match=f"{table}.parquet is missing"):
        Casebook.load(tmp_path / "book")


def test_a_casebook_from_before_there_were_facts_is_read_as_one_that_states_none(tmp_path: Path) -> None:
    a_casebook(tmp_path / "book", a_source(tmp_path / "source"))
    book = Casebook.load(tmp_path / "book")
    path = tmp_path / "book" / "scans.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["facts"]), path)
    manifest = json.loads((tmp_path / "book" / "manifest.json").read_text())
    manifest["tables"]["scans"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "book" / "manifest.json").write_text(json.dumps(manifest))
    older = Casebook.load(tmp_path / "book").tables["scans"]
    assert older["facts"].null_count == len(older) == FILMS
    assert older.drop_columns(["facts"]).equals(book.tables["scans"].drop_columns(["facts"]))
