"""Withdrawal on a constructed cohort: nothing is left, nobody comes back, the rest answers as before."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from builders import KEYRING

from scankin.index_build.build import build
from scankin.index_build.casebook import Casebook
from scankin.index_build.construct import construct
from scankin.index_build.fitted import record_fit
from scankin.index_build.governance.prove import prove_absent
from scankin.index_build.governance.receipt import Receipt
from scankin.index_build.governance.withdraw import withdraw
from scankin.index_build.importers.nccid import read
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.models import load_encoder
from scankin.retrieval.errors import StoreMissing
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.records import cases_of
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.store import load_version, version_names


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    construct(folder / "cohort", patients=24, seed=21, centres=3, workers=2)
    ingested(folder)
    built(folder)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    for name in ("cohort", "book", "store"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def ingested(folder: Path, **options: object) -> IngestAccount:
    return ingest("nccid", read, FolderTree(folder / "cohort"), folder / "book", KEYRING, workers=2, **options)  # type: ignore[arg-type]


def built(folder: Path) -> str:
    return build(folder / "book", folder / "store", load_encoder("thumbnail"), workers=2).version


def people(folder: Path, count: int) -> list[str]:
    """Pseudonyms of patients who have films."""
    return sorted(path.name for path in (folder / "cohort/training/xray").iterdir())[:count]


def a_query(folder: Path, of: str) -> Path:
    return next(path for path in sorted((folder / "cohort/training/xray" / of).rglob("*.dcm")))


def test_withdrawn_patients_leave_no_byte_and_the_rest_answers_as_before(place: Path) -> None:
    gone = people(place, 5)
    keys = {KEYRING.patient("nccid", name) for name in gone}
    rows = Casebook.load(place / "book").tables["scans"].to_pylist()
    theirs = [row for row in rows if row["patient"] in keys]
    assert len(theirs) >= 5
    before = load_version(place / "store")
    proof = prove_absent(gone, place / "book", place / "store")
    assert not proof.is_absent  # the search finds them while they are there

    receipt, path = withdraw(gone, place / "book", place / "store")

    assert (receipt.listed, receipt.patients) == (5, 5)
    assert receipt.removed["casebook scans"] == receipt.removed["cached vectors"] == len(theirs)
    assert receipt.versions_destroyed == (before.name,)
    assert Receipt.read(path) == receipt
    proof = prove_absent(gone, place / "book", place / "store")
    assert proof.found == ()
    needles = [name.lower().encode() for name in gone]
    needles += [text.encode() for row in theirs for text in (row["scan"], row["patient"], row["pixel_hash"])]
    vectors = [before.indexes[r.modality].vectors[before.indexes[r.modality].records.index(r)].tobytes()
               for r in before.records.values() if r.patient in keys]  # fmt: skip
    pictures = [before.thumbnails.png(row["scan"]) for row in theirs]
    files = [file for root in ("book", "store") for file in (place / root).rglob("*") if file.is_file()]
    for file in files:
        data = file.read_bytes()
        assert not any(vector in data for vector in [*vectors, *pictures])
        assert not any(bounded(needle, data.lower()) for needle in needles)

    after = load_version(place / "store")
    assert version_names(place / "store") == [after.name]
    assert not keys & {record.patient for record in after.records.values()}
    encoder = load_encoder("thumbnail")
    left = [name for name in people(place, 99) if name not in gone]
    for name in [left[0], left[-1], gone[0]]:
        scan = read_scan(ReadRequest(paths=(a_query(place, name),)))
        old = [
            (n.scan, n.similarity)
            for n in Retriever(before, encoder).report(scan, Question(30)).neighbours
            if n.patient not in keys
        ]
        new = [(n.scan, n.similarity) for n in Retriever(after, encoder).report(scan, Question(30)).neighbours]
        expected = [pair for pair in old if pair[0] in {key for key, _ in new}]
        assert new == expected or name == gone[0]
        assert not keys & {n.patient for n in Retriever(after, encoder).report(scan, Question(30)).neighbours}


def bounded(needle: bytes, data: bytes) -> bool:
    """Whether a text occurs on its own: Covid1 is no part of Covid10."""
    at = data.find(needle)
    while at >= 0:
        if not data[at + len(needle) : at + len(needle) + 1].isalnum():
            return True
        at = data.find(needle, at + 1)
    return False


def test_re_ingest_and_rebuild_bring_nobody_back(place: Path) -> None:
    gone = people(place, 4)
    withdraw([gone[0], gone[1].lower(), gone[2].upper(), gone[3]], place / "book", place / "store")
    tables = Casebook.load(place / "book").tables
    account = ingested(place)
    assert sum(n for (*_, reason), n in account.refusals.items() if reason == "withdrawn") > 0
    assert account.items == sum(account.scans.values()) + sum(account.refusals.values())
    after = Casebook.load(place / "book").tables
    for name in ("scans", "cases", "fields", "aliases"):
        assert after[name] == tables[name]
    built(place)
    assert prove_absent(gone, place / "book", place / "store").is_absent


@pytest.mark.slow
def test_those_who_vanished_at_the_source_are_taken_out_by_their_keys(place: Path) -> None:
    name = people(place, 1)[0]
    for folder in (place / "cohort/training").iterdir():
        shutil.rmtree(folder / name, ignore_errors=True)
    (key,) = ingested(place).changes.vanished
    receipt, _ = withdraw([key], place / "book", place / "store")
    assert receipt.patients == 1  # the index still had them
    assert prove_absent([name], place / "book", place / "store").is_absent
    # and should the files come back, the patient does not
    shutil.rmtree(place / "cohort")
    construct(place / "cohort", patients=24, seed=21, centres=3, truth=place / "again", workers=2)
    ingested(place)
    assert KEYRING.patient("nccid", name) not in Casebook.load(place / "book").tables["cases"]["patient"].to_pylist()


def test_every_version_that_holds_them_is_destroyed_and_none_other(place: Path) -> None:
    gone, later = people(place, 2)
    withdraw([later], place / "book", place / "store")
    (first,) = version_names(place / "store")
    ingested(place, withdrawn=[gone])
    second = built(place)
    receipt, _ = withdraw([gone], place / "book", place / "store")
    assert receipt.versions_destroyed == (first,)
    assert version_names(place / "store") == [second]


def test_withdrawing_everybody_leaves_an_empty_casebook_and_no_index(place: Path) -> None:
    everybody = [path.name for path in (place / "cohort/training/data").iterdir()]
    withdraw(everybody, place / "book", place / "store")
    assert len(Casebook.load(place / "book").tables["cases"]) == 0
    with pytest.raises(StoreMissing):
        load_version(place / "store")
    assert prove_absent(everybody, place / "book", place / "store").is_absent


def test_an_id_that_nobody_has_leaves_a_tombstone_only(place: Path) -> None:
    before = load_version(place / "store")
    receipt, _ = withdraw(["Covid999999"], place / "book", place / "store")
    assert (receipt.patients, receipt.versions_destroyed) == (0, ())
    assert load_version(place / "store").name == before.name
    assert KEYRING.tombstone("covid999999") in Casebook.load(place / "book").tombstones


def test_weights_fitted_on_them_are_named(place: Path) -> None:
    book = Casebook.load(place / "book")
    keys = [case.patient for case in cases_of(book.tables["cases"])]
    record_fit(book, "chest", "ab" * 32, keys)
    record_fit(book, "other", "cd" * 32, [])
    receipt, _ = withdraw(people(place, 3), place / "book", place / "store")
    assert receipt.weights == (("chest", "ab" * 32, 3),)


def test_the_search_notices_a_trace_in_any_place(place: Path) -> None:
    (gone,) = people(place, 1)
    book = Casebook.load(place / "book")
    row = next(r for r in book.tables["scans"].to_pylist() if r["patient"] == KEYRING.patient("nccid", gone))
    with sqlite3.connect(place / "book/cache.sqlite") as db:
        (vector,) = db.execute("SELECT vector FROM vectors WHERE pixel_hash = ?", (row["pixel_hash"],)).fetchone()
    withdraw([gone], place / "book", place / "store")

    def found() -> tuple[str, ...]:
        return prove_absent([gone], place / "book", place / "store").found

    assert found() == ()
    note = place / "book" / "note.txt"
    for text in (gone, gone.upper(), row["patient"]):
        note.write_text(f"see {text}.")
        assert found() == ("book: note.txt: 1 traces",)
    note.write_text(f"see {gone}0")  # somebody else
    assert found() == ()
    note.unlink()
    with sqlite3.connect(place / "book/cache.sqlite") as db:
        db.execute("INSERT INTO vectors VALUES ('x', 'y', ?)", (vector,))
    assert found() == ("casebook cache: vectors, thumbnails and pixel hashes: 1 traces",)


def test_the_receipt_names_nobody(place: Path) -> None:
    gone = people(place, 3)
    _, path = withdraw(gone, place / "book", place / "store")
    text = path.read_text().lower()
    keys = [KEYRING.patient("nccid", name) for name in gone]
    assert not any(name.lower() in text for name in [*gone, *keys])
    assert (
        json.loads(path.read_text())["manifests"]["store"][0] != json.loads(path.read_text())["manifests"]["store"][1]
    )


def test_places_go_with_the_patient_and_are_sought(place: Path) -> None:
    build(place / "book", place / "store", load_encoder("thumbnail"), workers=2, explanations=True)
    (gone,) = people(place, 1)
    films = [r for r in Casebook.load(place / "book").tables["scans"].to_pylist() if r["modality"] == "X-ray"]
    theirs = [row for row in films if row["patient"] == KEYRING.patient("nccid", gone)]
    before = load_version(place / "store").locations
    assert before is not None and len(before) == len(films) and theirs
    places = before.bytes_of(theirs[0]["scan"])

    receipt, _ = withdraw([gone], place / "book", place / "store")

    assert receipt.removed["cached places"] == len(theirs)
    after = load_version(place / "store").locations
    assert after is not None and len(after) == len(films) - len(theirs)
    kept = next(row["scan"] for row in films if row not in theirs)
    assert theirs[0]["scan"] not in after and after.bytes_of(kept) == before.bytes_of(kept)
    assert prove_absent([gone], place / "book", place / "store").found == ()
    with sqlite3.connect(place / "book/cache.sqlite") as db:
        db.execute("INSERT INTO places VALUES ('x', 'y', ?)", (places,))
    found = prove_absent([gone], place / "book", place / "store").found
    assert found == ("casebook cache: vectors, thumbnails and pixel hashes: 1 traces",)


def test_the_facts_of_those_who_stay_are_published_again_and_of_those_who_left_none(place: Path) -> None:
    gone = people(place, 5)
    keys = {KEYRING.patient("nccid", name) for name in gone}
    before = load_version(place / "store")
    assert any(record.facts for record in before.records.values() if record.patient in keys)
    withdraw(gone, place / "book", place / "store")
    after = load_version(place / "store")
    left = {key: record.facts for key, record in before.records.items() if record.patient not in keys}
    assert {key: record.facts for key, record in after.records.items()} == left and any(left.values())
    assert prove_absent(gone, place / "book", place / "store").is_absent
