"""The maps against a sum over every pair of places, and shares within a mask by hand."""

import numpy as np
import pytest

from scankin.retrieval.contributions import cell_means, contributions, share_within


def test_each_place_has_its_sum_over_all_pairs() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.standard_normal((2, 3, 2, 5)), rng.standard_normal((1, 2, 2, 5))
    flat, facing = one.reshape(12, 5), other.reshape(4, 5)
    lengths = np.linalg.norm(flat.mean(axis=0)) * np.linalg.norm(facing.mean(axis=0))
    by_hand = [sum(float(mine @ theirs) for theirs in facing) / (12 * 4 * lengths) for mine in flat]
    found = contributions(one, facing.mean(axis=0))
    assert found.shape == (2, 3, 2)
    assert np.allclose(found.ravel(), by_hand, atol=1e-12)
    cosine = float(flat.mean(axis=0) @ facing.mean(axis=0)) / lengths
    assert found.sum() == pytest.approx(cosine, abs=1e-12)


def test_a_place_that_points_away_is_negative() -> None:
    # Two places: (3, 0) and (-1, 0); their mean is (1, 0), the cosine with (1, 0) is 1 = 3/2 - 1/2.
    found = contributions(np.array([[[[3.0, 0.0], [-1.0, 0.0]]]]), np.array([1.0, 0.0]))
    assert found.tolist() == [[[1.5, -0.5]]]


def test_share_within_a_mask_counts_positive_places_by_the_part_that_is_inside() -> None:
    shares = np.array([[3.0, 1.0], [-5.0, 0.0]])
    mask = np.zeros((4, 4))
    mask[:, :1] = 1  # half of each left cell
    assert share_within(shares, mask) == pytest.approx(3 / 4 * 0.5)
    assert share_within(-np.ones((2, 2)), mask) is None


def test_cells_of_a_picture_that_does_not_divide_evenly() -> None:
    means = cell_means(np.arange(15.0).reshape(3, 5), 1, 2)
    # Columns 0 and 1, then 2 to 4: half of five pixels is rounded to the even two.
    assert means.tolist() == [[5.5, 8.0]]
