"""A folder and a bucket hold the same files, and give the same casebook."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import s3fs
from bucket import BUCKET, DroppingWire, a_bucket, point_to
from builders import KEYRING

from scankin.index_build.casebook import Casebook
from scankin.index_build.construct import construct
from scankin.index_build.importers import OpenedSource, load_importer, recognise
from scankin.index_build.importers.nccid import read
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.retrieval.errors import CasebookError, FailedScan, Reason
from scankin.retrieval.source_tree import FolderTree, SourceTree, open_tree

pytestmark = pytest.mark.filterwarnings(
    # moto's server and boto's own client leave sockets to the collector
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:datetime.datetime.utc:DeprecationWarning",
)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "cohort"
    construct(folder, patients=24, seed=6, centres=3, pixels_for=6, workers=2)
    return folder


@pytest.fixture
def port(cohort: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3fs.S3FileSystem.clear_instance_cache()
    with a_bucket(cohort, monkeypatch) as at:
        yield at
    s3fs.S3FileSystem.clear_instance_cache()


def into(book: Path, tree: SourceTree) -> IngestAccount:
    return ingest("nccid", read, tree, book, KEYRING, workers=2)


def content(book: Path) -> dict[str, pa.Table]:
    """All tables; a stamp is made of what a folder or a bucket tells of a file, and may differ."""
    tables = dict(Casebook.load(book).tables)
    return {**tables, "readings": tables["readings"].drop_columns(["stamp"])}


def test_the_same_tree_through_a_bucket_gives_the_same_casebook(cohort: Path, port: int, tmp_path: Path) -> None:
    bucket = open_tree(f"s3://{BUCKET}")
    assert recognise(OpenedSource(bucket)) == "nccid"
    into(tmp_path / "folder", FolderTree(cohort))
    assert into(tmp_path / "bucket", bucket).read > 0
    assert content(tmp_path / "bucket") == content(tmp_path / "folder")
    again = into(tmp_path / "bucket", open_tree(f"s3://{BUCKET}/"))
    assert (again.read, any(vars(again.changes).values())) == (0, False)


def test_dropped_connections_are_tried_again(cohort: Path, port: int, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    into(tmp_path / "folder", FolderTree(cohort))
    wire = DroppingWire(port, drop_every=5)
    try:
        point_to(wire.port, monkeypatch)
        s3fs.S3FileSystem.clear_instance_cache()
        into(tmp_path / "bucket", open_tree(f"s3://{BUCKET}"))
    finally:
        wire.close()
    assert wire.dropped > 0
    assert content(tmp_path / "bucket") == content(tmp_path / "folder")


def test_a_bucket_tree_lists_and_reads_as_a_folder_does(cohort: Path, port: int) -> None:
    bucket, folder = open_tree(f"s3://{BUCKET}/training"), FolderTree(cohort / "training")
    assert bucket.folders() == folder.folders()
    person = folder.folders("data")[0]
    ours = [entry.path for entry in folder.listing(f"data/{person}").files]
    assert [entry.path for entry in bucket.listing(f"data/{person}").files] == ours
    assert bucket.read(ours[0]) == folder.read(ours[0])
    assert bucket.stamp(ours[0]) == next(e.stamp for e in bucket.listing(f"data/{person}").files if e.path == ours[0])
    assert bucket.listing("xray", is_deep=False).files == folder.listing("xray", is_deep=False).files == ()
    for tree in (bucket, folder):
        assert (tree.folders("nothing"), tree.listing("nothing").files) == ([], ())
        with pytest.raises(FailedScan) as error:
            tree.read("data/nothing.json")
        assert error.value.reason is Reason.MISSING_FILE
    with bucket.fetched(ours) as fetched:
        assert [(fetched / path).read_bytes() for path in ours] == [folder.read(path) for path in ours]
    assert not fetched.exists()


def test_other_collections_are_read_from_folders_only(port: int) -> None:
    source = OpenedSource(open_tree(f"s3://{BUCKET}"))
    with pytest.raises(CasebookError, match="read from a folder"):
        list(load_importer("open-cxr").read(source))


def test_a_folder_that_may_not_be_listed_is_one_refusal_and_its_patient_has_not_vanished(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = FolderTree(cohort)
    whole = into(tmp_path / "book", tree)
    person = next(name for name in tree.folders("training/xray"))
    scandir = os.scandir

    def closed(path: Path):  # type: ignore[no-untyped-def]
        if str(path).endswith(f"/xray/{person}"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("scankin.retrieval.source_tree.os.scandir", closed)
    account = into(tmp_path / "book", tree)
    refusals = [r for r in Casebook.load(tmp_path / "book").tables["refusals"].to_pylist() if "listed" in r["message"]]
    assert [(r["source_id"], r["reason"]) for r in refusals] == [(f"training/xray/{person}", "unreadable_file")]
    assert account.patients == whole.patients
    assert (account.changes.vanished, account.changes.vanished_studies) == ((), ())


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    for name in ("a/b.dcm", "a/.c.dcm", ".d/e.dcm", "a/f/g.dcm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    tree = FolderTree(tmp_path)
    assert tree.folders() == ["a"]
    assert [entry.path for entry in tree.listing("").files] == ["a/b.dcm", "a/f/g.dcm"]
    assert [entry.path for entry in tree.listing("a", is_deep=False).files] == ["a/b.dcm"]
