"""Why one neighbour is similar, as far as it can be said and was found to be true."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.contributions import Map
from scankin.retrieval.encoder import Box
from scankin.retrieval.faithfulness import Faithfulness

LungMask = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Takes a rendered square ``[side, side]`` in [0, 1] and returns, of the same shape, how surely each pixel is lung."""


@dataclass(frozen=True)
class InLungs:
    """How much of a map of the query lies in the lungs.

    Attributes:
        share: Of the map's positive sum, in [0, 1].
        area: Of the mapped picture, the lungs' share: what a map that favours no place would have.
    """

    share: float
    area: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the similarity of the query and one neighbour comes from.

    Attributes:
        scan: The neighbour's key.
        similarity: Their cosine.
        query_map: ``[rows, columns]``, adds up to the cosine.
        query_box: Which part of the query's rendered square it covers.
        neighbour_map: The same of the neighbour; None when the index does not hold its places.
        neighbour_box: Which part of the neighbour's rendered square it covers; None with the map.
        faithfulness: Measured on the query's map. Nothing is shown of maps that are not faithful.
        in_lungs: Of the query's map; None when the lungs were not looked for or not found.
    """

    scan: str
    similarity: float
    query_map: Map
    query_box: Box
    neighbour_map: Map | None
    neighbour_box: Box | None
    faithfulness: Faithfulness
    in_lungs: InLungs | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the report tells: no map, and where the picture with the maps is asked for."""
        found = self.faithfulness
        return {
            "scan": self.scan,
            "faithful": found.is_faithful,
            "verdict": found.verdict,
            "areas": _rounded(asdict(found.areas)),
            "random_areas": _rounded(asdict(found.random)),
            "random_maps": found.random_maps,
            "random_maps_as_good": found.as_good,
            "in_lungs": _rounded(asdict(self.in_lungs)) if self.in_lungs and found.is_faithful else None,
            "has_neighbour_map": self.neighbour_map is not None,
            "link": {"rel": "explanation", "href": f"/v1/explain?scan={self.scan}"},
        }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
