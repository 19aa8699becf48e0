import numpy as np
import pytest

from scankin.retrieval.gate.depth import Depth
from scankin.retrieval.gate.picture import picture_features


def test_nearest_is_the_mean_square_distance_to_the_five_nearest() -> None:
    rng = np.random.default_rng(1)
    reference, query = rng.normal(size=(30, 6)).astype(np.float32), rng.normal(size=6).astype(np.float32)
    squares = sorted(float(((row - query) ** 2).sum()) for row in reference)
    nearest, _ = Depth.of(reference, is_scaled=False).distances(query)
    assert nearest == pytest.approx(np.sqrt(sum(squares[:5]) / 5), rel=1e-5)


def test_spread_is_the_mahalanobis_distance_worked_out_by_hand() -> None:
    # Mean 0, variance (4 + 4) / 4 = 2 along x and (1 + 1) / 4 = 0.5 along y; x has an axis, y is "the rest".
    cross = np.array([[2, 0], [-2, 0], [0, 1], [0, -1]] * 2, np.float32)
    _, spread = Depth.of(cross, is_scaled=False).distances(np.array([2, 1], np.float32))
    assert spread == pytest.approx(np.sqrt(2**2 / 2 + 1**2 / 0.5))


def test_scaling_makes_a_feature_count_the_same_in_any_unit() -> None:
    rng = np.random.default_rng(2)
    reference, query = rng.normal(size=(40, 4)), rng.normal(size=4)
    unit = np.array([1, 1000, 1, 1])
    plain = Depth.of(reference.astype(np.float32), is_scaled=True).distances(query.astype(np.float32))
    other = Depth.of((reference * unit).astype(np.float32), is_scaled=True).distances((query * unit).astype(np.float32))
    assert other == pytest.approx(plain, rel=1e-3)


def test_the_outline_does_not_change_with_exposure_and_the_grey_does() -> None:
    picture = np.random.default_rng(3).integers(0, 120, (256, 256)).astype(np.uint8)
    dark, bright = picture_features(picture), picture_features(picture * 2)
    assert dark["outline"] == pytest.approx(bright["outline"], abs=1e-5)
    assert bright["grey"] == pytest.approx(2 * dark["grey"], abs=1e-5)


def test_an_edge_is_counted_in_its_cell_and_direction() -> None:
    picture = np.zeros((256, 256), np.uint8)
    picture[:, 64:] = 200  # brighter to the right: direction 0, in the cells at column 64 / 32 = 2 and, by half, 1
    outline = picture_features(picture)["outline"].reshape(8, 8, 8)
    assert set(np.argwhere(outline.sum(axis=(0, 2)) > 0).ravel().tolist()) == {1, 2}
    assert outline[..., 0].sum() == pytest.approx(outline.sum())
    assert np.linalg.norm(outline) == pytest.approx(1)


def test_the_tones_are_roots_of_the_grey_histogram() -> None:
    picture = np.zeros((256, 256), np.uint8)
    picture[:64] = 255  # a quarter is white
    tone = picture_features(picture)["tone"]
    assert tone[0] == pytest.approx(np.sqrt(0.75)) and tone[15] == pytest.approx(0.5)
    assert not tone[1:15].any()
