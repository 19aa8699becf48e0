import dataclasses

import numpy as np
import pytest
from scipy.stats import spearmanr

from scankin.index_build.construct.anatomy import GROWN_YEARS, anatomy_of
from scankin.index_build.construct.centres import centres_of
from scankin.index_build.construct.devices import Devices
from scankin.index_build.construct.disease import Disease, Illness
from scankin.index_build.construct.film import Film, draw_film
from scankin.index_build.construct.images import picture_of
from scankin.index_build.construct.pose import pose_of
from scankin.index_build.construct.tree import cohort_patient

CHEST = anatomy_of(np.random.default_rng(3), is_female=False, age=60)
POSE = pose_of(np.random.default_rng(4), CHEST, is_ap=False, severity=0.0)


def a_film(illness: Illness = Illness.NONE, severity: float = 0.0, lobe: str = "right lower", **pose: object) -> Film:
    changed = dataclasses.replace(POSE, **pose)
    return draw_film(CHEST, Disease(illness, severity, 0.5, lobe, 9), changed, Devices(), rows=320, seed=1)


def halves(film: Film) -> tuple[float, float]:
    """Mean brightness of the lung on the left of the picture (the patient's right) and on the right."""
    middle = film.pixels.shape[1] // 2
    left, right = film.lungs.copy(), film.lungs.copy()
    left[:, middle:], right[:, :middle] = False, False
    return float(film.pixels[left].mean()), float(film.pixels[right].mean())


def test_lungs_are_darker_than_what_surrounds_them_and_air_outside_is_darkest() -> None:
    film = a_film(collimation_cm=(0, 0, 0, 0))
    lungs, belly = film.pixels[film.lungs].mean(), film.pixels[-20:, 140:180].mean()
    assert film.pixels[:8, :8].mean() < lungs < belly
    assert film.pixels.dtype == np.float32
    assert 0 <= film.pixels.min() <= film.pixels.max() <= 1


def test_two_lungs_fill_a_plausible_part_of_the_picture() -> None:
    film = a_film()
    assert 0.15 < film.lungs.mean() < 0.5
    middle = film.lungs.shape[1] // 2
    assert 0.6 < film.lungs[:, :middle].sum() / film.lungs[:, middle:].sum() < 1.7


def test_the_worse_covid_is_the_brighter_are_the_lungs() -> None:
    brightness = [film.pixels[film.lungs].mean() for film in (a_film(Illness.COVID, step / 5) for step in range(6))]
    assert np.all(np.diff(brightness) > 0.005)


def test_severity_ranks_the_films_of_sixty_patients() -> None:
    """Chests, projections, exposures and devices all differ, as they do in the cohort."""
    centres = centres_of(5, 25)
    severity, brightness = [], []
    index = 0
    while len(severity) < 60:
        patient, _ = cohort_patient(5, index, centres)
        index += 1
        films = [study for study in patient.studies if not study.is_ct]
        is_grown = patient.age(patient.swab) >= GROWN_YEARS  # a child's chest leaves more of the film dark
        if patient.is_positive and films and is_grown:
            film = picture_of(patient, films[-1])
            severity.append(films[-1].severity)
            brightness.append(film.pixels[film.lungs].mean())
    assert spearmanr(severity, brightness).statistic > 0.75


@pytest.mark.parametrize(("lobe", "is_right"), [("right lower", True), ("left lower", False), ("left upper", False)])
def test_lobar_pneumonia_lies_on_its_side(lobe: str, is_right: bool) -> None:
    well, ill = halves(a_film()), halves(a_film(Illness.LOBAR, 0.8, lobe))
    rise = (ill[0] - well[0], ill[1] - well[1])
    assert rise[0 if is_right else 1] > 0.03
    assert rise[0 if is_right else 1] > 3 * rise[1 if is_right else 0]


def test_an_effusion_fills_the_lung_from_below() -> None:
    well, ill = a_film(), a_film(Illness.EFFUSION, 0.6)
    rows = np.flatnonzero(well.lungs.any(1))
    upper, lower = rows[: len(rows) // 3], rows[-len(rows) // 3 :]
    change = np.where(well.lungs, ill.pixels - well.pixels, 0)[:, : well.lungs.shape[1] // 2]
    assert change[lower].sum() > 5 * abs(change[upper].sum())


def test_the_same_film_is_drawn_twice_and_another_seed_changes_only_the_grain() -> None:
    again = draw_film(CHEST, Disease(Illness.NONE, 0, 0.5, "right lower", 9), POSE, Devices(), rows=320, seed=1)
    other = draw_film(CHEST, Disease(Illness.NONE, 0, 0.5, "right lower", 9), POSE, Devices(), rows=320, seed=2)
    film = a_film()
    assert np.array_equal(film.pixels, again.pixels)
    assert 0 < np.abs(film.pixels - other.pixels).mean() < 0.02


def test_the_heart_is_larger_in_ap() -> None:
    """The heart covers lung: a larger heart leaves less of it, all else equal."""
    assert a_film(heart_scale=1.2).lungs.sum() < a_film(heart_scale=1.0).lungs.sum()


def test_tubes_and_leads_are_bright() -> None:
    disease = Disease(Illness.NONE, 0, 0.5, "right lower", 9)
    bare = draw_film(CHEST, disease, POSE, Devices(), rows=320, seed=1)
    tubed = draw_film(CHEST, disease, POSE, Devices(4, True, True, True, 1), rows=320, seed=1)
    changed = np.abs(tubed.pixels - bare.pixels) > 0.1
    assert 0.0005 < changed.mean() < 0.05
    assert (tubed.pixels - bare.pixels)[changed].mean() > 0
