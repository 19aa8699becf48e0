"""The lung finder against outlines that people drew, and its box by hand."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from builders import a_scan
from PIL import Image
from real_data import data_dir

from scankin.models.lungs import lung_box, lung_mask
from scankin.models.lungs.crop import lung_box_of, lung_crop
from scankin.models.lungs.locate import LungBox, box_of

SIDE = 256


def test_box_holds_the_mask_with_a_margin():
    mask = np.zeros((100, 100), bool)
    mask[20:80, 30:70] = True
    box = box_of(mask)
    assert box.is_found
    assert box.top == pytest.approx(0.20 - 0.06 * 0.60, abs=0.01)
    assert box.bottom == pytest.approx(0.80 + 0.06 * 0.60, abs=0.01)
    assert box.left == pytest.approx(0.30 - 0.06 * 0.40, abs=0.01)
    assert box.right == pytest.approx(0.70 + 0.06 * 0.40, abs=0.01)


def test_stray_spot_does_not_widen_the_box():
    mask = np.zeros((100, 100), bool)
    mask[20:80, 30:70] = True
    mask[98, 98] = True
    assert box_of(mask).bottom < 0.9


def test_box_is_the_whole_picture_when_there_are_no_lungs():
    box = lung_box(np.zeros((SIDE, SIDE), np.float32))
    assert not box.is_found
    assert (box.top, box.left, box.bottom, box.right) == (0, 0, 1, 1)


def test_box_is_cut_to_the_part_of_the_square_that_is_film():
    box = LungBox(0.0, 0.1, 1.0, 0.9).within(LungBox(0.2, 0.0, 0.8, 1.0))
    assert (box.top, box.left, box.bottom, box.right) == (0.2, 0.1, 0.8, 0.9)


def test_mask_agrees_with_the_outlines_of_three_collections():
    root = data_dir("open-cxr")
    with (root / "cases.csv").open(encoding="utf-8") as file:
        outlined = [row for row in csv.DictReader(file) if row["lung_mask_path"]]
    dice = []
    for row in outlined[::24]:
        film, drawn = _square(root / row["image_path"]), _square(root / row["lung_mask_path"]) > 0.5
        found = lung_mask(film) > 0.5
        dice.append(2 * (found & drawn).sum() / (found.sum() + drawn.sum()))
    assert len(dice) >= 19
    assert np.mean(dice) > 0.93
    assert min(dice) > 0.8


def _square(path):
    with Image.open(path) as picture:
        grey = picture.convert("L")
        grey.thumbnail((SIDE, SIDE))
        square = np.zeros((SIDE, SIDE), np.float32)
        square[: grey.height, : grey.width] = np.asarray(grey, np.float32) / 255
        return square


def test_padding_around_a_film_changes_nothing_that_is_seen():
    film = a_scan(3)
    padded = replace(film, pixels=np.pad(film.pixels, ((0, 0), (10, 30), (5, 0))))
    (plain,), (around,) = lung_crop(film, 64), lung_crop(padded, 64)
    assert np.array_equal(plain.picture, around.picture)


def test_box_of_a_padded_film_shows_the_same_part_of_it():
    film = a_scan(3)  # 64 x 64
    padded = replace(film, pixels=np.pad(film.pixels, ((0, 0), (16, 48), (0, 0))))  # 128 x 64
    plain, around = lung_box_of(film), lung_box_of(padded)
    assert around.top * 128 - 16 == pytest.approx(plain.top * 64, abs=1e-6)
    assert around.bottom * 128 - 16 == pytest.approx(plain.bottom * 64, abs=1e-6)
    assert around.left * 128 - 32 == pytest.approx(plain.left * 64, abs=1e-6)
