import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from stores import a_casebook, a_film, a_store

from scankin.index_build.build import build
from scankin.index_build.publish import locked, publish, roll_back
from scankin.models import load_encoder
from scankin.retrieval.clinical.comparison import NO_FACTS, FactsAsked
from scankin.retrieval.clinical.stated import StatedFact, StatedFacts
from scankin.retrieval.errors import StoreError, StoreFull, StoreLocked, StoreMissing
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.store import check_files, current_name, load_version, read_manifest, version_names

ENCODER = load_encoder("thumbnail")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("made")).parent


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "place")
    return tmp_path / "place"


def rebuilt(place: Path, **options: int):
    return build(place / "casebook", place / "store", ENCODER, **{"workers": 1, **options})


def grow(place: Path) -> None:
    (place / "source" / "024.dcm").write_bytes(a_film(24))
    a_casebook(place / "casebook", place / "source")


def test_a_rebuild_with_nothing_new_encodes_and_publishes_nothing(place: Path) -> None:
    before = current_name(place / "store")
    # The source as it was ingested lies elsewhere; nothing of it is needed.
    account = rebuilt(place)
    assert (account.encoded, account.is_new, account.version) == (0, False, before)
    assert version_names(place / "store") == [before]


def test_a_build_from_nothing_gives_the_same_content_with_any_number_of_workers(made: Path, tmp_path: Path) -> None:
    contents = set()
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        a_casebook(folder / "casebook", made / "source")
        account = build(folder / "casebook", folder / "store", ENCODER, workers=workers)
        contents.add(read_manifest(folder / "store", account.version)[0].content)
    assert len(contents) == 1


def test_one_new_scan_is_encoded_and_makes_a_new_version(place: Path) -> None:
    grow(place)
    account = rebuilt(place)
    assert (account.encoded, account.is_new) == (1, True)
    assert len(version_names(place / "store")) == 2
    assert len(load_version(place / "store").records) == 25


def test_a_saved_index_gives_the_neighbours_of_the_vectors_it_was_made_of(place: Path) -> None:
    import numpy as np

    from scankin.retrieval.encoder import embed

    retriever = Retriever(load_version(place / "store"), ENCODER)
    query = read_scan(ReadRequest(data=a_film(777)))
    vectors = {n: embed(ENCODER, read_scan(ReadRequest(data=a_film(n)))).vectors[0] for n in range(24)}
    likeness = {n: float(vector @ embed(ENCODER, query).vectors[0]) for n, vector in vectors.items()}
    best = [max((n, n + 1), key=likeness.__getitem__) for n in range(0, 24, 2)]  # each patient's nearer film
    expected = sorted((likeness[n] for n in best), reverse=True)[:5]
    assert np.allclose(
        [case.similarity for case in retriever.report(query, Question(5)).neighbours], expected, atol=2e-6
    )


def test_one_flipped_byte_anywhere_is_a_named_error(place: Path) -> None:
    store = place / "store"
    folder = store / "versions" / current_name(store)
    files = [store / "current", *sorted(folder.iterdir())]
    assert {path.name for path in files} >= {"xray.faiss", "scans.parquet", "thumbnails.arrow", "manifest.json"}
    for path in files:
        whole = path.read_bytes()
        for at in {0, len(whole) // 3, len(whole) // 2, len(whole) - 2}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
            with pytest.raises(StoreError):
                load_version(store)
        path.write_bytes(whole[:-1] if path.name != "current" else b"")
        with pytest.raises(StoreError):
            load_version(store)
        path.write_bytes(whole)
    load_version(store)


def test_a_missing_or_an_added_file_is_a_named_error(place: Path) -> None:
    store = place / "store"
    folder = store / "versions" / current_name(store)
    (folder / "extra").write_text("x")
    with pytest.raises(StoreError, match="extra"):
        check_files(store, folder.name)
    (folder / "extra").unlink()
    (folder / "cases.parquet").unlink()
    with pytest.raises(StoreMissing, match=r"cases\.parquet"):
        load_version(store)


def test_rollback_makes_the_version_before_current(place: Path) -> None:
    first = current_name(place / "store")
    grow(place)
    rebuilt(place)
    assert roll_back(place / "store") == first == current_name(place / "store")
    with pytest.raises(StoreMissing):
        roll_back(place / "store")


def test_a_second_publisher_is_told_that_the_store_is_locked(place: Path) -> None:
    with locked(place / "store"), pytest.raises(StoreLocked):
        rebuilt(place)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_publishes_nothing_and_leaves_nothing(place: Path, number: int) -> None:
    before = current_name(place / "store")

    def write(into: Path) -> None:
        (into / "half").write_bytes(b"half a file")
        raise OSError(number, os.strerror(number))

    with pytest.raises(StoreFull, match="Nothing was published"):
        publish(place / "store", write, encoder=ENCODER.identity, casebook="x", counts={}, libraries={})
    assert current_name(place / "store") == before
    assert [entry.name for entry in (place / "store" / "versions").iterdir()] == [before]
    load_version(place / "store")


def test_a_write_that_fails_at_any_step_leaves_the_old_version(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fsync and rename of a publication fails in turn."""
    before = current_name(place / "store")
    grow(place)
    rebuilt_once = False
    for step in range(60):
        calls = 0

        def fails(real: object, step: int = step):
            def call(*args: object, **kwargs: object) -> object:
                nonlocal calls
                calls += 1
                if calls == step + 1:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return real(*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fails(os.fsync))
            patch.setattr(Path, "rename", fails(Path.rename))
            patch.setattr(Path, "replace", fails(Path.replace))
            try:
                rebuilt(place)
                rebuilt_once = True
            except StoreFull:
                pass
        loaded = load_version(place / "store")
        assert len(loaded.records) in (24, 25)
        if rebuilt_once:
            break
        assert loaded.name == before or len(loaded.records) == 25
        if len(loaded.records) == 25:
            roll_back(place / "store", before)
    assert rebuilt_once and step > 8


HOLDS = """
import sys
from pathlib import Path
from scankin.index_build.publish import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_another_process_counts_and_its_death_frees_it(place: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place / "store")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        before = current_name(place / "store")
        with pytest.raises(StoreLocked):
            rebuilt(place)
        with pytest.raises(StoreLocked):
            roll_back(place / "store")
        assert current_name(place / "store") == before
        holder.kill()
    assert rebuilt(place).version == before


# One process publishes two contents in turn, from files that are there already, so that nearly all its time is
# publication; it is forked anew for each kill from a parent that has loaded the libraries and started no thread.
PUBLISHES = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path
from scankin.index_build.publish import publish
from scankin.retrieval.store import current_name, read_manifest
store, trials = Path(sys.argv[1]), int(sys.argv[2])
dice = random.Random(7)
sources = [path for path in sorted(Path(sys.argv[3]).iterdir())]
manifest, _ = read_manifest(store, current_name(store))

def fill(source):
    def write(into):
        for path in source.iterdir():
            shutil.copy(path, into / path.name)
    return write

took = 0.03
for trial in range(trials):
    reports, report = os.pipe()
    turn, finished = dice.randrange(2), dice.randrange(3)
    child = os.fork()
    if child == 0:
        while True:
            os.write(report, b".")
            turn += 1
            publish(store, fill(sources[turn % 2]), encoder=manifest.encoder, casebook=str(turn % 2),
                    counts=manifest.counts, libraries=manifest.libraries)
    os.read(reports, 1)
    for _ in range(finished):
        begun = time.monotonic()
        os.read(reports, 1)
        took = time.monotonic() - begun
    time.sleep(dice.uniform(0, took))  # as long as one publication takes here and now
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reports)
    os.close(report)
    unfinished = len(list((store / "versions").glob(".unfinished-*")))
    print(json.dumps([current_name(store), unfinished]), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_publisher_killed_at_any_moment_leaves_a_whole_version(place: Path, tmp_path: Path) -> None:
    store, trials = place / "store", 60
    first = current_name(store)
    grow(place)
    second = rebuilt(place).version
    for name, number in ((first, 24), (second, 25)):
        shutil.copytree(store / "versions" / name, tmp_path / "sources" / str(number))
        (tmp_path / "sources" / str(number) / "manifest.json").unlink()
    sizes, unfinished = set(), 0
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHES, str(store), str(trials), str(tmp_path / "sources")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(trials):
            name, left = json.loads(process.stdout.readline())
            unfinished += left > 0
            loaded = load_version(store)
            assert loaded.name == name
            sizes.add(len(loaded.records))
            for version in version_names(store):
                check_files(store, version)  # rollback may name any of them
                if version != name:
                    shutil.rmtree(store / "versions" / version)  # else each trial would check more of them
            process.stdin.write(b"\n")
            process.stdin.flush()
    assert process.returncode == 0
    assert sizes == {24, 25}
    assert unfinished >= 5, f"only {unfinished} of {trials} kills came during a publication"
    rebuilt(place)
    assert not list((store / "versions").glob(".unfinished-*"))


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from scankin.models import load_encoder
from scankin.index_build.build import build
place = Path(sys.argv[1])
print("ready", flush=True)
build(place / "casebook", place / "store", load_encoder("thumbnail"), workers=1)
"""


@pytest.mark.slow
def test_a_killed_publication_leaves_the_whole_old_or_the_whole_new(place: Path, tmp_path: Path) -> None:
    grow(place)
    dice = random.Random(5)
    sizes = {24: 0, 25: 0}
    for trial in range(60):
        target = tmp_path / f"trial{trial}"
        shutil.copytree(place, target)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(target), str(Path(__file__).parent.parent)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(dice.uniform(0, 2.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        sizes[len(load_version(target / "store").records)] += 1
        rebuilt(target)
        assert len(load_version(target / "store").records) == 25
        assert not list((target / "store" / "versions").glob(".unfinished-*"))
        shutil.rmtree(target)
    assert sizes[24] and sizes[25], f"the kills missed the publication: {sizes}"


def test_a_version_published_before_there_were_facts_answers_and_says_so(place: Path) -> None:
    version = load_version(place / "store")
    folder = place / "store" / "versions" / version.name
    manifest, _ = read_manifest(place / "store", version.name)

    def older(into: Path) -> None:
        for name in manifest.files:
            shutil.copy(folder / name, into / name)
        pq.write_table(pq.read_table(folder / "scans.parquet").drop_columns(["facts"]), into / "scans.parquet")

    counts = {name: dict(held) for name, held in manifest.counts.items()}
    publish(place / "store", older, encoder=manifest.encoder, casebook="older", counts=counts, libraries={})
    question = Question(3, facts=FactsAsked(StatedFacts((StatedFact("crp", 100.0),))))
    query = read_scan(ReadRequest(data=a_film(99)))
    before, after = (
        Retriever(held, ENCODER).report(query, question) for held in (version, load_version(place / "store"))
    )
    assert NO_FACTS in after.cautions and NO_FACTS not in before.cautions
    assert {case.likeness["facts"] for case in after.neighbours} == {0.0}
