import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import KEYRING, an_identity
from stores import FILMS_EACH, PATIENTS, a_casebook, a_film, a_source, a_store, reads

from scankin.index_build.build import build
from scankin.index_build.casebook import Casebook
from scankin.index_build.ingest import ingest
from scankin.index_build.vectors import VectorCache
from scankin.models import load_encoder
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import CasebookError, EncoderMismatch, InvalidRequest, StoreCorrupt
from scankin.retrieval.locations import Places
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Modality
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.store import PLACES, load_version, read_manifest

ENCODER = load_encoder("thumbnail")
FILMS = PATIENTS * FILMS_EACH


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_store(tmp_path_factory.mktemp("made")).parent


def test_every_scan_of_the_casebook_is_in_the_index_with_its_own_vector(made: Path) -> None:
    version = load_version(made / "store")
    index = version.indexes[Modality.XRAY]
    keys = {KEYRING.scan("test", f"{number:03d}.dcm"): number for number in range(FILMS)}
    assert {record.scan for record in index.records} == set(keys)
    rows = Casebook.load(made / "casebook").tables["scans"].to_pylist()
    hashes = {row["scan"]: row["pixel_hash"] for row in rows}
    with VectorCache(made / "casebook") as cache:
        held = cache.vectors(ENCODER.identity, hashes.values())
    for scan, number in keys.items():
        expected = embed(ENCODER, read_scan(ReadRequest(data=a_film(number)))).vectors[0]
        assert np.array_equal(held[hashes[scan]], expected)


def test_the_manifest_counts_what_was_built_and_names_the_encoder(made: Path) -> None:
    manifest, _ = read_manifest(made / "store", load_version(made / "store").name)
    assert manifest.counts["X-ray"] == {"scans": FILMS, "patients": PATIENTS}
    assert manifest.counts["CT"] == {"scans": 0, "patients": 0}
    assert manifest.encoder == ENCODER.identity
    assert manifest.gates == {"X-ray": "too few patients to fit a gate: 12, 40 are needed"}
    assert manifest.casebook == Casebook.load(made / "casebook").content


def test_a_store_holds_no_source_id_and_no_pseudonym(made: Path) -> None:
    for path in sorted((made / "store").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            assert b"CANARY" not in data and b".dcm" not in data, path.name


def test_scans_with_the_same_pixels_are_encoded_once(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    a_casebook(tmp_path / "book", source, name="again")
    account = build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1)
    assert (account.scans, account.encoded) == (2 * FILMS, FILMS)
    assert dict(account.indexed) == {"X-ray": 2 * FILMS}


def test_a_file_that_changed_or_went_since_ingest_is_refused_and_the_rest_built(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    a_casebook(tmp_path / "book", source)
    (source / "003.dcm").write_bytes(a_film(99))
    os.utime(source / "003.dcm", (1, 1))
    (source / "004.dcm").unlink()
    account = build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1)
    assert dict(account.refused) == {"changed_since_ingest": 1, "missing_file": 1}
    assert dict(account.indexed) == {"X-ray": FILMS - 2}
    assert account.scans == FILMS


def test_an_interrupted_build_goes_on_from_where_it_was(tmp_path: Path) -> None:
    a_casebook(tmp_path / "book", a_source(tmp_path / "source"))

    def interrupt(done: int, of: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1, progress=interrupt)
    account = build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1)
    assert account.encoded == FILMS - 10
    assert dict(account.indexed) == {"X-ray": FILMS}


def test_a_store_answers_only_the_encoder_that_built_it(made: Path) -> None:
    class Other:
        identity = an_identity(dim=256)
        slices = ENCODER.slices
        prepare, encode = ENCODER.prepare, ENCODER.encode

    with pytest.raises(EncoderMismatch, match="name"):
        Retriever(load_version(made / "store"), Other())


def test_vectors_of_one_encoder_are_not_taken_for_anothers(made: Path) -> None:
    hashes = [row["pixel_hash"] for row in Casebook.load(made / "casebook").tables["scans"].to_pylist()]
    with VectorCache(made / "casebook") as cache:
        assert len(cache.vectors(ENCODER.identity, hashes)) == FILMS
        assert cache.vectors(an_identity(dim=256), hashes) == {}


def test_a_lost_cache_costs_time_and_changes_nothing(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "casebook", tmp_path / "book")
    (tmp_path / "book" / "cache.sqlite").unlink()
    account = build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1)
    assert account.encoded == FILMS
    contents = [
        read_manifest(store, load_version(store).name)[0].content for store in (made / "store", tmp_path / "store")
    ]
    assert contents[0] == contents[1]


def test_a_folder_that_is_no_casebook_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="there is no casebook"):
        build(tmp_path, tmp_path / "store", ENCODER, workers=1)
    assert not (tmp_path / "store").exists()


def test_a_casebook_without_a_scan_publishes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "broken.dcm").write_bytes(b"not DICOM")
    ingest("test", reads, FolderTree(source), tmp_path / "book", KEYRING, workers=1)
    with pytest.raises(CasebookError, match="no scan that can be indexed"):
        build(tmp_path / "book", tmp_path / "store", ENCODER, workers=1)
    assert not (tmp_path / "store" / "current").exists()


def test_places_are_kept_on_request_and_encoded_once(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    assert load_version(tmp_path / "store").locations is None
    account = build(tmp_path / "casebook", tmp_path / "store", ENCODER, workers=2, explanations=True)
    assert account.is_new and account.encoded == FILMS
    version = load_version(tmp_path / "store")
    assert version.locations is not None and len(version.locations) == FILMS
    index = version.indexes[Modality.XRAY]
    for row, record in enumerate(index.records):
        places = Places.from_bytes(version.locations.bytes_of(record.scan), ENCODER.identity.dim)
        assert np.allclose(places.vectors.mean(axis=(0, 1), dtype=np.float64), index.vectors[row], atol=1e-4)
    again = build(tmp_path / "casebook", tmp_path / "store", ENCODER, workers=2, explanations=True)
    assert not again.is_new and again.encoded == 0
    without = build(tmp_path / "casebook", tmp_path / "store", ENCODER, workers=2)
    assert without.encoded == 0 and load_version(tmp_path / "store").locations is None


def test_a_flipped_byte_of_places_is_told(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    version = build(tmp_path / "casebook", tmp_path / "store", ENCODER, workers=2, explanations=True).version
    path = tmp_path / "store" / "versions" / version / PLACES
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreCorrupt, match=r"locations\.arrow does not match"):
        load_version(tmp_path / "store")


def test_places_of_an_encoder_that_tells_none_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    class Placeless:
        identity, slices = ENCODER.identity, ENCODER.slices
        prepare, encode = staticmethod(ENCODER.prepare), staticmethod(ENCODER.encode)

    with pytest.raises(InvalidRequest, match="thumbnail cannot explain"):
        build(tmp_path / "none", tmp_path / "store", Placeless(), workers=1, explanations=True)
