"""Deletion and insertion on encoders whose answer to every blurred picture is known."""

import numpy as np
import pytest
from builders import an_identity

from scankin.retrieval.encoder import FULL_SQUARE, Box, EncoderIdentity
from scankin.retrieval.faithfulness import STEPS, Areas, Faithfulness, Perturbations, random_smooth_maps
from scankin.retrieval.scan import Scan

GRID = 4
SIDE = 8 * GRID
TOWARDS = np.array([1.0, 0.0], np.float32)


class Watching:
    """Looks at one cell of the grid only: the vector is (1, 0) while its edge is sharp, (0, 1) when it is blurred."""

    identity: EncoderIdentity = an_identity(2)
    slices = 1

    def __init__(self, row: int | None = 1, column: int = 2) -> None:
        self.place = None if row is None else (slice(8 * row, 8 * row + 8), slice(8 * column, 8 * column + 8))

    def prepare(self, scan: Scan) -> np.ndarray:
        raise NotImplementedError

    def encode(self, _tensor: np.ndarray) -> np.ndarray:
        raise ValueError("A blurred film is no whole film.")

    def placement(self, _scan: Scan) -> Box:
        return FULL_SQUARE

    def locate(self, tensor: np.ndarray) -> np.ndarray:
        is_sharp = self.place is not None and np.ptp(tensor[0, 0][self.place]) > 0.9
        return np.array([1.0, 0.0] if is_sharp else [0.0, 1.0], np.float32).reshape(1, 1, 1, 2)


def a_checkerboard() -> np.ndarray:
    rows, columns = np.indices((SIDE, SIDE))
    return ((rows + columns) % 2).astype(np.float32)[np.newaxis, np.newaxis]


def a_map(rank_of_watched: int) -> np.ndarray:
    """A map in which so many cells come before the one that is looked at."""
    shares = np.zeros((GRID, GRID))
    others = [cell for cell in np.ndindex(GRID, GRID) if cell != (1, 2)]
    for place, cell in enumerate(others):
        shares[cell] = 100 - place
    shares[1, 2] = 100 - rank_of_watched + 0.5
    return shares


@pytest.mark.parametrize(
    ("rank", "deletion", "insertion"),
    [
        # Eight steps of two cells. Found in the first step, the similarity is 1 at 0 and 0 from 1/8 on: half a step.
        (0, 0.5 / STEPS, 1 - 0.5 / STEPS),
        # Found in the last step: it stays 1 to 7/8, and comes back only at the end.
        (15, 1 - 0.5 / STEPS, 0.5 / STEPS),
        # Found in the fifth step, as the ninth cell.
        (8, 4.5 / STEPS, 3.5 / STEPS),
    ],
)
def test_areas_by_hand(rank: int, deletion: float, insertion: float) -> None:
    found = Perturbations(Watching(), a_checkerboard(), (GRID, GRID)).measure(a_map(rank), TOWARDS)
    assert (found.areas.deletion, found.areas.insertion) == pytest.approx((deletion, insertion), abs=1e-6)
    assert found.areas.gain == pytest.approx(insertion - deletion, abs=1e-6)


def test_a_map_is_faithful_only_where_it_names_what_is_looked_at() -> None:
    # Steps are of two cells: a random map is as good as the best where it has the cell among its first two.
    random = random_smooth_maps((GRID, GRID), 19)
    ranks = [int((one > one[1, 2]).sum()) for one in random]
    perturbed = Perturbations(Watching(), a_checkerboard(), (GRID, GRID))
    best, worst = (perturbed.measure(a_map(rank), TOWARDS) for rank in (0, 15))
    assert best.as_good == sum(rank < 2 for rank in ranks)
    assert worst.as_good == 19 and not worst.is_faithful and worst.verdict.startswith("Withheld")


def test_an_encoder_that_looks_nowhere_has_no_faithful_map() -> None:
    found = Perturbations(Watching(None), a_checkerboard(), (GRID, GRID)).measure(a_map(0), TOWARDS)
    assert found.areas == Areas(0.0, 0.0) == found.random
    assert found.as_good == 19 and not found.is_faithful


@pytest.mark.parametrize(
    ("maps", "as_good", "is_faithful"), [(19, 0, True), (19, 1, False), (39, 1, True), (9, 0, False)]
)
def test_at_most_one_map_in_twenty_passes_by_chance(maps: int, as_good: int, is_faithful: bool) -> None:
    found = Faithfulness(Areas(0.1, 0.2), Areas(0.1, 0.1), maps, as_good)
    assert found.is_faithful is is_faithful
    assert f"{maps - as_good} of {maps} random maps" in found.verdict


def test_random_maps_are_smooth_and_the_same_every_time() -> None:
    maps = random_smooth_maps((7, 7), 30)
    assert all(np.array_equal(one, other) for one, other in zip(maps, random_smooth_maps((7, 7), 30), strict=True))
    beside = np.mean([np.corrcoef(one[:, :-1].ravel(), one[:, 1:].ravel())[0, 1] for one in maps])
    assert beside > 0.5  # of white noise it is 0
