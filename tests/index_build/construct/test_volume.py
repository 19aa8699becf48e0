import numpy as np
import pytest

from scankin.index_build.construct.anatomy import anatomy_of
from scankin.index_build.construct.disease import Disease, Illness
from scankin.index_build.construct.volume import SIDE, Volume, draw_volume

CHEST = anatomy_of(np.random.default_rng(3), is_female=True, age=60)


def a_volume(illness: Illness, severity: float) -> Volume:
    return draw_volume(CHEST, Disease(illness, severity, 0.5, "right lower", 9), seed=1)


@pytest.fixture(scope="module")
def well() -> Volume:
    return a_volume(Illness.NONE, 0.0)


def test_a_series_has_some_thirty_to_forty_thin_slices(well: Volume) -> None:
    assert 28 <= len(well.hounsfield) <= 42
    assert well.hounsfield.shape[1:] == (SIDE, SIDE)
    assert np.allclose(np.diff(well.height_cm), 0.8)


def test_tissues_have_their_hounsfield_units(well: Volume) -> None:
    """Air -1000, inflated lung -900 to -700, muscle and liver 40 to 70, cortical bone above 300."""
    middle = len(well.hounsfield) // 2
    assert -1010 < np.median(well.hounsfield[:, :6, :6]) < -950
    assert -900 < np.median(well.hounsfield[well.lungs]) < -700
    assert 20 < np.median(well.hounsfield[-2][110:140, 110:140]) < 90
    assert np.quantile(well.hounsfield[middle], 0.999) > 300


def test_the_worse_covid_is_the_denser_are_the_lungs(well: Volume) -> None:
    density = [well.hounsfield[well.lungs].mean()]
    for severity in (0.25, 0.5, 0.75, 1.0):
        volume = a_volume(Illness.COVID, severity)
        density.append(volume.hounsfield[volume.lungs].mean())
    assert np.all(np.diff(density) > 40)


def test_ground_glass_begins_at_the_rim_and_at_the_back(well: Volume) -> None:
    ill = a_volume(Illness.COVID, 0.3)
    gained = np.where(well.lungs, ill.hounsfield.astype(float) - well.hounsfield, np.nan)
    half = SIDE // 2
    assert np.nanmean(gained[:, half:]) > np.nanmean(gained[:, :half])
    columns = np.abs(np.arange(SIDE) - half) > SIDE // 4
    assert np.nanmean(gained[:, :, columns]) > np.nanmean(gained[:, :, ~columns])


def test_there_is_no_lung_above_the_lungs_or_below_them(well: Volume) -> None:
    assert not well.lungs[well.height_cm <= 0].any()
    lowest = CHEST.lung_height_cm + CHEST.left_drop_cm + 3 * CHEST.dome_height_cm
    assert not well.lungs[well.height_cm > lowest].any()
