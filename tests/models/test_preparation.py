"""What a network takes, worked out by hand, and the check that it is given nothing else."""

import numpy as np
import pytest
from builders import a_scan

from scankin.models.network import Square
from scankin.retrieval.errors import InvalidRequest, RefusedScan
from scankin.retrieval.rendering import render
from scankin.retrieval.scan import Modality, Scan

LITE = Square(8, mean=(127.0,) * 3, spread=(128.0,) * 3, white=255.0)
IMAGENET = Square(8, mean=(0.485, 0.456, 0.406), spread=(0.229, 0.224, 0.225))
CHEST = Square(8, black=-1024.0, white=1024.0)


def slope(low: float, high: float, channels: int = 3) -> np.ndarray:
    return np.tile(np.linspace(low, high, 64, dtype=np.float32).reshape(1, 1, 8, 8), (1, channels, 1, 1))


def test_values_by_hand() -> None:
    grey = render(a_scan(1), 8)[0]
    # grey 0 is -127 / 128, grey 1 is (255 - 127) / 128 = 1; ImageNet: (v - 0.456) / 0.224; chest: 2048 v - 1024.
    assert np.allclose(LITE(a_scan(1))[0, 1], grey * (255 / 128) - 127 / 128, atol=1e-6)
    assert np.allclose(IMAGENET(a_scan(1))[0, 1], (grey - 0.456) / 0.224, atol=1e-5)
    assert np.allclose(CHEST(a_scan(1))[0, 0], 2048 * grey - 1024, atol=1e-3)


def test_its_name_states_every_parameter() -> None:
    assert "side 8; grey x3, (255 v - 127) / 128; up to 32 slices" in LITE.name
    assert "side 8; grey, (2048 v - 1024) / 1; up to 32 slices" in CHEST.name
    assert "(1 v - 0.485) / 0.229, (1 v - 0.456) / 0.224, (1 v - 0.406) / 0.225" in IMAGENET.name
    assert len({LITE.name, IMAGENET.name, CHEST.name, Square(9).name}) == 4


@pytest.mark.parametrize("preparation", [LITE, IMAGENET, CHEST])
def test_it_is_restored_from_what_it_states(preparation: Square) -> None:
    assert Square.restored(preparation.stated()) == preparation


def test_a_text_that_states_none_is_an_error() -> None:
    with pytest.raises(InvalidRequest, match="Export it again"):
        Square.restored('{"side": 8}')


@pytest.mark.parametrize("preparation", [LITE, IMAGENET, CHEST])
def test_what_it_prepares_has_its_range(preparation: Square) -> None:
    preparation.require(preparation(a_scan(1)))
    air_and_bone = Scan(
        Modality.CT,
        np.where(np.arange(256).reshape(16, 16) % 16 < 8, 300, -1000).astype(np.int16)[np.newaxis],
        is_hounsfield=True,
    )
    preparation.require(preparation(air_and_bone))


@pytest.mark.parametrize(
    ("preparation", "tensor"),
    [
        (LITE, slope(0, 1)),
        (LITE, slope(0, 255)),
        (IMAGENET, slope(0, 1)),
        (IMAGENET, slope(-1, 3)),
        (CHEST, slope(0, 1, 1)),
        (CHEST, slope(0, 255, 1)),
        (CHEST, slope(-1024, 1100, 1)),
        (CHEST, slope(-1024, np.nan, 1)),
    ],
)
def test_another_range_is_an_error_that_states_both(preparation: Square, tensor: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"values .* the network was trained on"):
        preparation.require(tensor)


@pytest.mark.parametrize(
    "tensor", [slope(-1, 1, 1), slope(-1, 1)[:, :, :4], slope(-1, 1).astype(np.float64), slope(-1, 1)[:0]]
)
def test_another_shape_or_type_is_an_error(tensor: np.ndarray) -> None:
    with pytest.raises(ValueError, match="needed"):
        LITE.require(tensor)


def test_a_volume_of_nothing_but_air_is_refused() -> None:
    air = np.full((2, 16, 16), -1000, np.int16)
    with pytest.raises(RefusedScan, match="blank in the lung window"):
        LITE(Scan(Modality.CT, air, is_hounsfield=True, slices_in_series=2))
