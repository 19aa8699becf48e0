from pathlib import Path

import numpy as np
import pytest

from scankin.retrieval.encoder import FULL_SQUARE, Box
from scankin.retrieval.errors import StoreCorrupt, UnknownName
from scankin.retrieval.locations import Locations, Places, write_locations


def some_places(seed: int, box: Box = FULL_SQUARE) -> Places:
    return Places(np.random.default_rng(seed).standard_normal((2, 3, 5)).astype(np.float16), box)


def test_places_come_back_bit_by_bit(tmp_path: Path) -> None:
    box = Box(0.125, 0.25, 0.875, 0.75)
    held = {f"s{seed:015x}": some_places(seed, box) for seed in range(600)}  # more than one batch
    write_locations(tmp_path / "places", ((key, places.to_bytes()) for key, places in held.items()))
    locations = Locations(tmp_path / "places")
    assert len(locations) == 600
    for key, places in held.items():
        back = Places.from_bytes(locations.bytes_of(key), 5)
        assert np.array_equal(back.vectors, places.vectors) and back.box == box and back.grid == (2, 3)
    with pytest.raises(UnknownName):
        locations.bytes_of("s-none")
    assert [key for key, _ in locations.pairs(["s-none", f"s{7:015x}"])] == [f"s{7:015x}"]


@pytest.mark.parametrize("data", [b"", b"x", some_places(1).to_bytes()[:-1], some_places(1).to_bytes() + b"xx"])
def test_bytes_that_do_not_fit_are_a_corrupt_store(data: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        Places.from_bytes(data, 5)


def test_places_of_another_dimension_are_a_corrupt_store() -> None:
    with pytest.raises(StoreCorrupt, match="do not fit"):
        Places.from_bytes(some_places(1).to_bytes(), 6)
