"""Altered pictures, pixel by pixel, with masks drawn by hand and by people."""

import csv

import numpy as np
from PIL import Image
from real_data import data_dir

from scankin.index_build.evaluate.alterations import SIDE, frame_only, lungs_only, marked
from scankin.retrieval.reading import ReadRequest
from scankin.retrieval.reading.read import read_scan
from scankin.retrieval.rendering import render, resize


def two_lungs() -> np.ndarray:
    mask = np.zeros((100, 100), np.float32)
    mask[30:70, 20:40] = mask[30:70, 60:80] = 0.9
    return mask


def test_the_frame_keeps_nothing_between_the_outer_ends_of_the_lungs() -> None:
    picture = np.full((100, 100), 0.5, np.float32)
    found = frame_only(picture, two_lungs())
    assert found is not None
    assert (found[28:72, 18:82] == 0).all()  # 2 % of margin on each side, and what lies between the lungs
    found[28:72, 18:82] = 0.5
    assert (found == 0.5).all() and (picture == 0.5).all()


def test_the_lungs_alone_are_cropped_to_them_and_black_between() -> None:
    picture = np.random.default_rng(0).uniform(0.2, 1, (100, 100)).astype(np.float32)
    found = lungs_only(picture, two_lungs())
    assert found is not None and found.shape == (44, 64)
    np.testing.assert_array_equal(found[2:42, 2:22], picture[30:70, 20:40])
    assert (found[:, 22:42] == 0).all() and (found[:2] == 0).all()


def test_a_film_on_which_no_lungs_were_found_is_not_altered() -> None:
    picture = np.ones((100, 100), np.float32)
    spot = np.zeros((100, 100), np.float32)
    spot[:10, :10] = 1  # 1 % of the picture
    assert frame_only(picture, spot) is None and lungs_only(picture, spot) is None


def test_a_marker_adds_white_in_the_top_left_corner_only() -> None:
    picture = np.full((SIDE, SIDE), 0.25, np.float32)
    found = marked(picture)
    changed = found != picture
    assert (found[changed] > 0.25).all() and found.max() == 1
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert rows[-1] < 0.15 * SIDE and columns[-1] < 0.6 * SIDE and changed.mean() > 0.005


def test_outlines_drawn_by_people_leave_no_lung_in_the_frame_and_all_of_it_in_the_crop() -> None:
    root = data_dir("open-cxr")
    with (root / "cases.csv").open(encoding="utf-8") as file:
        outlined = [row for row in csv.DictReader(file) if row["lung_mask_path"]][::60]
    for row in outlined:
        picture = render(read_scan(ReadRequest((root / row["image_path"],), pictures=True)), SIDE)[0]
        drawn = resize(np.asarray(Image.open(root / row["lung_mask_path"]).convert("L"), np.float32) / 255, SIDE)
        mask = np.zeros((SIDE, SIDE), np.float32)
        top, left = (SIDE - drawn.shape[0]) // 2, (SIDE - drawn.shape[1]) // 2
        mask[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
        frame, lungs = frame_only(picture, mask), lungs_only(picture, mask)
        assert frame is not None and lungs is not None
        assert (frame[mask > 0.5] == 0).all()
        assert np.isclose(lungs.sum(), picture[mask > 0.5].sum(), rtol=1e-4)
