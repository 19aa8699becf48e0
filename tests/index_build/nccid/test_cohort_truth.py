"""The importer on a constructed cohort with all its dirt, against the cohort's own truth."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import KEYRING
from cohort_truth import Comparison

from scankin.index_build.casebook import Casebook
from scankin.index_build.construct import construct
from scankin.index_build.importers.nccid import read
from scankin.index_build.ingest import IngestAccount, ingest
from scankin.retrieval.source_tree import FolderTree

SEED = 11


def ingested(folder: Path, **options: object) -> IngestAccount:
    settings = folder / "cohort-truth" / "settings.toml"
    return ingest(
        "nccid",
        read,
        FolderTree(folder / "cohort"),
        folder / "book",
        KEYRING,
        settings=settings,
        workers=2,
        **options,  # type: ignore[arg-type]
    )


def a_comparison(folder: Path) -> Comparison:
    return Comparison(folder / "book", folder / "cohort-truth" / "truth.jsonl")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nccid")
    construct(folder / "cohort", patients=150, seed=SEED, centres=8, pixels_for=12, workers=2)
    return folder


def test_every_field_label_outcome_and_reason_is_the_true_one(cohort: Path) -> None:
    account = ingested(cohort)
    found = a_comparison(cohort)
    assert found.differences == []
    assert found.compared["fields"] > 2000 and found.compared["outcomes"] > 100 and found.compared["filters"] > 200
    assert account.items == sum(account.scans.values()) + sum(account.refusals.values())
    assert account.patients == 150
    assert account.changes == type(account.changes)()  # nothing to compare a first ingest with


def test_without_the_table_of_units_they_are_assumed_and_said_to_be(cohort: Path, tmp_path: Path) -> None:
    ingest("nccid", read, FolderTree(cohort / "cohort"), tmp_path / "book", KEYRING, workers=1)
    rows = Casebook.load(tmp_path / "book").tables["fields"].to_pylist()
    assert {row["unit_source"] for row in rows if row["field"] == "d_dimer_mg_per_l" and row["value"]} == {"schema"}


def test_a_wrong_reading_would_be_noticed(cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself is checked: with one rule broken it must not pass."""
    monkeypatch.setattr("scankin.index_build.nccid.labels.BEFORE_COVID", 10**6)
    ingested(cohort)
    assert any("label and severity" in line for line in a_comparison(cohort).differences)
    monkeypatch.undo()
    ingested(cohort)
    assert a_comparison(cohort).differences == []


def test_corrected_new_and_vanished_patients_are_told_apart(cohort: Path, tmp_path: Path) -> None:
    shutil.copytree(cohort / "cohort", tmp_path / "cohort")
    shutil.copytree(cohort / "cohort-truth", tmp_path / "cohort-truth")
    ingested(tmp_path)
    assert not any(vars(ingested(tmp_path).changes).values())
    base = tmp_path / "cohort" / "training"
    people = sorted(path.name for path in (base / "data").iterdir() if path.name.startswith("Covid1"))
    for folder in base.iterdir():
        shutil.rmtree(folder / people[0], ignore_errors=True)
    newest = max((base / "data" / people[1]).iterdir())
    newest.write_text(newest.read_text().replace('"SubmittingCentre": "', '"SubmittingCentre": "New '))
    with_film = next(path for path in sorted((base / "xray").iterdir()) if path.name in people[2:])
    for folder in ("xray", "xray-metadata"):
        shutil.rmtree(next((base / folder / with_film.name).iterdir()))
    changes = ingested(tmp_path).changes
    keys = [KEYRING.patient("nccid", name) for name in (people[0], people[1], with_film.name)]
    assert changes.vanished == (keys[0],)
    assert set(changes.corrected) == {keys[1], keys[2]}
    assert len(changes.vanished_studies) == 1
    assert changes.new == ()


@pytest.mark.slow
def test_an_ingest_that_is_killed_again_and_again_ends_in_the_same_casebook(cohort: Path, tmp_path: Path) -> None:
    ingested(cohort)
    key = tmp_path / "key"
    key.write_bytes(KEYRING.secret)
    arguments = ["ingest", str(cohort / "cohort"), str(tmp_path / "book"), "--from", "nccid"]
    arguments += ["--settings", str(cohort / "cohort-truth" / "settings.toml")]
    command = [sys.executable, "-m", "scankin.index_build", *arguments]
    environment = {**os.environ, "SCANKIN_KEY_FILE": str(key)}
    chances = random.Random(1)
    killed = 0
    for _ in range(15):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(chances.uniform(0.2, 5))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += process.wait() != 0
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert killed > 3
    assert Casebook.load(tmp_path / "book").tables == Casebook.load(cohort / "book").tables


@pytest.mark.slow
def test_two_hundred_patients_with_all_their_pixels(tmp_path: Path) -> None:
    construct(tmp_path / "cohort", patients=200, seed=SEED + 1)
    ingested(tmp_path)
    found = a_comparison(tmp_path)
    assert found.differences == []
    assert found.compared["scans"] > 400
