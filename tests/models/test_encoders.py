"""One contract for every encoder."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from real_data import ROOT
from tiny_weights import tiny_weights

from scankin.models import encoder_names, load_encoder
from scankin.retrieval.contributions import contributions
from scankin.retrieval.encoder import Encoder, LocatingEncoder, can_locate, embed
from scankin.retrieval.errors import InvalidRequest, RefusedScan, UnknownName
from scankin.retrieval.locations import places_of
from scankin.retrieval.scan import Modality, Scan

SLOW = {"open_clip", "rad_dino", "timm", "torchxrayvision"}
"""Their libraries take many seconds to import."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in encoder_names()],
)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(request.param, tiny_weights(request.param, tmp_path_factory.mktemp(request.param)))


@pytest.fixture
def locating(encoder: Encoder) -> LocatingEncoder:
    if not can_locate(encoder):
        pytest.skip(f"The vector of {encoder.identity.name} is no mean over places.")
    return encoder


def test_has_a_card_with_its_limits(encoder: Encoder) -> None:
    card = (ROOT / "models" / f"{encoder.identity.name}.md").read_text()
    assert "## Limits" in card and "weights" in card


def test_vector_is_of_unit_length_and_the_same_every_time(encoder: Encoder) -> None:
    first, second = embed(encoder, a_scan(1)), embed(encoder, a_scan(1))
    assert first.vectors.shape == (1, encoder.identity.dim)
    assert np.array_equal(first.vectors, second.vectors)
    assert not np.allclose(first.vectors, embed(encoder, a_scan(2)).vectors, atol=1e-3)


def test_bit_depth_inversion_and_window_do_not_change_the_vector(encoder: Encoder) -> None:
    from scankin.retrieval.scan import Window

    film = a_scan(1)
    same = [
        Scan(Modality.XRAY, film.pixels.astype(np.uint16) * 16),
        Scan(Modality.XRAY, 255 - film.pixels, is_inverted=True),
        Scan(Modality.XRAY, film.pixels, window=Window(128, 256)),
    ]
    for other in same:
        assert np.allclose(embed(encoder, film).vectors, embed(encoder, other).vectors, atol=2e-3)


def test_volume_of_equal_slices_has_the_vector_of_one(encoder: Encoder) -> None:
    one = Scan(Modality.CT, a_scan(1).pixels.astype(np.int16) * 4 - 1000, is_hounsfield=True)
    many = Scan(Modality.CT, np.repeat(one.pixels, 3, axis=0), is_hounsfield=True, slices_in_series=3)
    assert np.allclose(embed(encoder, one).vectors, embed(encoder, many).vectors, atol=1e-6)


def test_a_blank_picture_is_refused(encoder: Encoder) -> None:
    with pytest.raises(RefusedScan):
        embed(encoder, Scan(Modality.XRAY, np.zeros((1, 50, 50), np.uint8)))


def test_the_mean_over_places_is_parallel_to_the_vector(locating: LocatingEncoder) -> None:
    for scan in (a_scan(1), Scan(Modality.CT, np.stack([a_scan(n).pixels[0] for n in (1, 2, 3)]), slices_in_series=3)):
        tensor = locating.prepare(scan)
        places = locating.locate(tensor)
        assert places.shape[0] == len(scan.pixels) and places.shape[3] == locating.identity.dim
        mean = places.mean(axis=(0, 1, 2), dtype=np.float64)
        assert mean / np.linalg.norm(mean) @ locating.encode(tensor) == pytest.approx(1, abs=1e-5)
        box = locating.placement(scan)
        assert 0 <= box.top < box.bottom <= 1 and 0 <= box.left < box.right <= 1


def test_the_map_of_either_scan_adds_up_to_their_cosine(locating: LocatingEncoder) -> None:
    one, other = (locating.prepare(a_scan(seed)) for seed in (1, 2))
    cosine = float(locating.encode(one).astype(np.float64) @ locating.encode(other))
    assert contributions(locating.locate(one), locating.encode(other)).sum() == pytest.approx(cosine, abs=1e-5)
    assert contributions(locating.locate(other), locating.encode(one)).sum() == pytest.approx(cosine, abs=1e-5)


def test_places_kept_in_half_precision_add_up_to_a_thousandth(locating: LocatingEncoder) -> None:
    query, film = locating.encode(locating.prepare(a_scan(1))), a_scan(2)
    kept = places_of(locating, film, locating.prepare(film))
    assert kept is not None
    cosine = float(query.astype(np.float64) @ embed(locating, film).vectors[0])
    assert contributions(kept.vectors[np.newaxis], query).sum() == pytest.approx(cosine, abs=1e-3)


def test_a_film_that_was_blurred_still_has_places(locating: LocatingEncoder) -> None:
    tensor = locating.prepare(a_scan(1))
    blurred = np.broadcast_to(tensor.mean(axis=(2, 3), keepdims=True), tensor.shape).copy()
    blurred[:, :, 0] = (tensor[:, :, 0] + blurred[:, :, 0]) / 2  # of low contrast, and not of one grey
    places = locating.locate(blurred)
    assert places.shape == locating.locate(tensor).shape and np.isfinite(places).all()


def test_weights_that_do_not_fit_are_an_error_not_garbage(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"no weights")
    with pytest.raises(InvalidRequest):
        load_encoder(encoder.identity.name, tmp_path / "weights.pth")


def test_thumbnail_by_hand() -> None:
    # Left half black, right half white, both 50 %: less its mean it is -1/2 and +1/2, and of length 1 that is 1/16.
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 32:] = 200
    vector = embed(load_encoder("thumbnail"), Scan(Modality.XRAY, pixels[np.newaxis])).vectors[0].reshape(16, 16)
    assert np.allclose(vector[:, :7], -1 / 16, atol=2e-3) and np.allclose(vector[:, 9:], 1 / 16, atol=2e-3)


def test_an_unknown_encoder_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match="thumbnail"):
        load_encoder("nonsense")
