"""T1, T2 and T8 on vectors made to read the frame, the lungs or the marker, and on a casebook with real encoding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from builders import a_sample, sources_and_truth, unit
from stores import a_store

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.films import FRAME, LUNGS, MARKED, AlteredVectors, LungFinder, altered_vectors
from scankin.index_build.evaluate.sample import Sample, load_sample
from scankin.index_build.evaluate.shortcuts import chosen, measured, planted
from scankin.index_build.governance.withdraw import withdraw
from scankin.index_build.vectors import VectorCache
from scankin.models import load_encoder
from scankin.retrieval.records import ScanRecord


def altered(sample: Sample, **by_kind: np.ndarray) -> AlteredVectors:
    scans = [record.scan for record in sample.records]
    return AlteredVectors({kind: dict(zip(scans, of_kind, strict=True)) for kind, of_kind in by_kind.items()}, {})


def test_an_encoder_that_reads_lungs_passes_and_one_that_reads_the_frame_fails() -> None:
    sample = sources_and_truth(1, by="illness")
    noise = unit(np.random.default_rng(3).normal(size=(200, 4)))
    reads_lungs = measured(
        sample, altered(sample, **{FRAME: noise, LUNGS: sample.vectors, MARKED: sample.vectors}), "made"
    )
    assert reads_lungs.passes == {"T1": True, "T2": True, "T8": True}
    assert reads_lungs.t1["whole film less frame only"].low > 0.3
    reads_frame = measured(
        sample, altered(sample, **{FRAME: sample.vectors, LUNGS: noise, MARKED: sample.vectors}), "made"
    )
    assert reads_frame.passes == {"T1": False, "T2": False, "T8": True}


def test_an_encoder_that_sees_only_the_marker_follows_it() -> None:
    rng = np.random.default_rng(4)
    plain = np.c_[np.ones(200), np.zeros(200)] + rng.normal(0, 0.05, (200, 2))
    sample = replace(sources_and_truth(2, by="illness"), vectors=unit(plain))
    found = planted(sample, unit(plain[:, ::-1]))
    assert found["marker on films with COVID-19"].low > 0.95
    assert found["marker swapped between index and queries"].high < 0.05
    assert found["marker kept less marker swapped"].low > 0.9
    assert found["share of ten neighbours that stay when the query is marked"].high < 0.5
    assert found["marked among ten neighbours: query marked less not"].low > 0.9


def test_patients_are_taken_in_turn_from_every_source_and_class_with_all_their_films() -> None:
    findings = [{"COVID-19": True}] * 4 + [{"COVID-19": False}] * 40
    people = [0, 0, 1, 1, *range(2, 42)]
    sample = a_sample(np.random.default_rng(5).normal(size=(44, 3)), findings, [0] * 4 + [1] * 40, people)
    rows = chosen(sample, 8)
    assert set(rows.tolist()) >= {0, 1, 2, 3} and len(rows) == 2 + 1 + 2 + 1 + 1 + 1
    assert len(chosen(sample, 1000)) == 44


def films_of(casebook: Path) -> list[ScanRecord]:
    return [ScanRecord.from_row(row) for row in Casebook.load(casebook).tables["scans"].to_pylist()]


def left_half(picture: np.ndarray) -> np.ndarray:
    mask = np.zeros_like(picture)
    mask[:, : len(mask) // 2] = 1
    return mask


def test_altered_vectors_are_those_of_the_altered_picture_cached_and_gone_with_their_patient(tmp_path: Path) -> None:
    store, casebook, encoder = a_store(tmp_path), tmp_path / "casebook", load_encoder("thumbnail")
    lungs = LungFinder("left half", left_half)
    made = altered_vectors(casebook, films_of(casebook), encoder, lungs, workers=2)
    assert {kind: len(found) for kind, found in made.by_kind.items()} == {FRAME: 24, LUNGS: 24, MARKED: 24}
    grids = np.stack([made.by_kind[FRAME][r.scan].reshape(16, 16) for r in films_of(casebook)])
    assert np.ptp(grids[:, :, :7], axis=(1, 2)).max() < 1e-6  # black, less the mean of the picture
    assert np.ptp(grids[:, :, 9:], axis=(1, 2)).min() > 0.05

    def never(_picture: np.ndarray) -> np.ndarray:
        raise AssertionError("a film was read again though its vectors are cached")

    again = altered_vectors(casebook, films_of(casebook), encoder, LungFinder("left half", never), workers=2)
    np.testing.assert_array_equal(*(one.by_kind[LUNGS][films_of(casebook)[3].scan] for one in (made, again)))
    with VectorCache(casebook) as cache:
        before = len(list(cache.marks()))
    withdraw(["CANARY7319-3"], casebook, store)
    with VectorCache(casebook) as cache:
        assert len(list(cache.marks())) == before - 2 * 2 * 4  # two films, plain and altered: a vector and a picture
    assert load_sample(casebook, encoder.identity).vectors.shape == (22, 256)


def test_a_film_without_lungs_has_the_marked_picture_only(tmp_path: Path) -> None:
    a_store(tmp_path)
    records = films_of(tmp_path / "casebook")[:4]
    made = altered_vectors(
        tmp_path / "casebook", records, load_encoder("thumbnail"), LungFinder("none", np.zeros_like), workers=1
    )
    assert {kind: len(found) for kind, found in made.by_kind.items()} == {FRAME: 0, LUNGS: 0, MARKED: 4}
