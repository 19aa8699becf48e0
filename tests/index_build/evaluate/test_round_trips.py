"""T13: films through DICOM, read by the product's reader and checked against pydicom's own decoders."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import a_scan
from stores import a_store

from scankin.index_build.evaluate.round_trips import LEAST_OVERLAP, round_trips
from scankin.index_build.evaluate.sample import load_sample
from scankin.index_build.evaluate.variants import PLAIN, TOP, VARIANTS, Variant, dicom_of, film_of
from scankin.models import load_encoder


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return film_of(a_scan(3).pixels[0], is_inverted=False)


def test_a_film_is_spread_over_12_bits_and_shown_the_right_way_round() -> None:
    pixels = np.array([[10, 20], [30, 50]], np.uint8)
    assert film_of(pixels, is_inverted=False).tolist() == [[0, 1024], [2048, TOP]]  # 4095 / 4 and / 2, to even
    assert film_of(pixels, is_inverted=True).tolist() == [[TOP, 3071], [2047, 0]]


@pytest.mark.parametrize("way", (PLAIN, *VARIANTS), ids=lambda way: way.name)
def test_other_software_reads_the_values_that_were_stored(film: np.ndarray, way: Variant) -> None:
    dataset = pydicom.dcmread(io.BytesIO(dicom_of(film, way)))
    assert dataset.BitsStored == way.bits and dataset.file_meta.TransferSyntaxUID == way.syntax
    stored = way.values(film).astype(int)
    # JPEG at quality 90 and JPEG 2000 at 45 dB are off by a few steps of their 8 and 12 bits
    allowed = 0 if way.is_lossless or way.compress is None else 0.02 * (1 << way.bits)
    assert np.abs(dataset.pixel_array.astype(int) - stored).mean() <= allowed


def test_ways_that_keep_every_value_keep_every_neighbour(tmp_path: Path) -> None:
    a_store(tmp_path)
    encoder = load_encoder("thumbnail")
    sample = load_sample(tmp_path / "casebook", encoder.identity)
    found = round_trips(sample, tmp_path / "casebook", encoder, films=6, workers=2)
    assert set(found) == {way.name for way in VARIANTS}
    for name in ("big endian", "16 bits, each value x 16", "JPEG-LS lossless", "JPEG 2000 lossless"):
        trip = found[name]
        assert (trip.films, trip.equal, trip.identical, trip.overlap.value) == (6, 6, 6, 1.0), name
    for name in ("MONOCHROME1, inverted", "rescale slope 2, intercept -100", "VOI window of the whole range"):
        assert found[name].passes and found[name].overlap.value >= LEAST_OVERLAP, name
    assert found["8 bits"].equal < 6 and not found["8 bits"].is_lossless
