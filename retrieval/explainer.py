"""From a scan and its neighbours to the explanations of their similarity, each measured before it is given."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.contributions import contributions, share_within
from scankin.retrieval.encoder import Box, LocatingEncoder, can_locate
from scankin.retrieval.errors import InvalidRequest, UnknownName
from scankin.retrieval.explanation import Explanation, InLungs, LungMask
from scankin.retrieval.faithfulness import RANDOM_MAPS, Perturbations
from scankin.retrieval.filters import Filters
from scankin.retrieval.locations import Places
from scankin.retrieval.rendering import render
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Modality, Scan

MOST_NEIGHBOURS = 20
"""Explained at once: each costs fourteen encodings of the query beside those of the random maps."""

LUNG_PICTURE_SIDE = 256
FEWEST_LUNG = 0.03
"""A mask of less of the picture is no pair of lungs: of outlined films the smallest has 0.08."""
_ANYBODY = Filters(mix_ages=True)


class Explainer:
    """Explains the answers of one retriever. Safe to use from several threads."""

    def __init__(self, retriever: Retriever, lung_mask: LungMask | None = None, random_maps: int = RANDOM_MAPS) -> None:
        """Join a retriever and, where there is one, what finds the lungs of a picture.

        Raises:
            InvalidRequest: The index's encoder cannot tell the places that its vectors come from.
        """
        if not can_locate(retriever.encoder):
            raise InvalidRequest(
                f"{retriever.encoder.identity.name} cannot explain: it does not tell the places that its vectors come "
                "from. Use an index of another encoder, or ask without an explanation."
            )
        self._retriever = retriever
        self._encoder: LocatingEncoder = retriever.encoder
        self._lung_mask = lung_mask
        self._random_maps = random_maps

    def explain(self, scan: Scan, keys: Sequence[str]) -> tuple[Explanation, ...]:
        """Return why the scan is similar to each of the indexed films ``keys``, in their order.

        The random maps' pictures are encoded once for all of them, which is most of the time it takes.

        Raises:
            InvalidRequest: The scan is no film, or there are more than ``MOST_NEIGHBOURS`` keys.
            UnknownName: A key is not in the index, or may not answer this scan.
            RefusedScan: The scan is blank, or nothing in the index may answer it.
        """
        if scan.modality is not Modality.XRAY:
            raise InvalidRequest("Explanations are of films; this is a CT series. Ask without an explanation.")
        if len(keys) > MOST_NEIGHBOURS:
            raise InvalidRequest(f"{len(keys)} neighbours; at most {MOST_NEIGHBOURS} are explained at once. Lower k.")
        candidates = self._retriever.candidates(scan, _ANYBODY)
        rows = [candidates.index.row(key) for key in keys]
        if not all(row is not None and candidates.allowed[row] for row in rows):
            # One answer for both: else anybody could try out which scans are of the same patient.
            raise UnknownName("There is no scan of that key that may answer this one.")
        tensor = self._encoder.prepare(scan)
        places = self._encoder.locate(tensor)
        box = self._encoder.placement(scan)
        perturbed = Perturbations(self._encoder, tensor, places.shape[1:3], self._random_maps)
        lungs = self._lungs_of(scan, box)
        own = self._encoder.encode(tensor)
        return tuple(
            self._pair(key, candidates.index.vectors[row], own, places, box, perturbed, lungs)
            for key, row in zip(keys, rows, strict=True)
            if row is not None
        )

    def _pair(
        self,
        key: str,
        neighbour: NDArray[np.float32],
        own: NDArray[np.float32],
        places: NDArray[np.float32],
        box: Box,
        perturbed: Perturbations,
        lungs: NDArray[np.float32] | None,
    ) -> Explanation:
        shares = contributions(places, neighbour)[0]
        held = self._held_places(key)
        inside = None if lungs is None else share_within(shares, lungs)
        return Explanation(
            scan=key,
            similarity=float(own.astype(np.float64) @ neighbour.astype(np.float64)),
            query_map=shares,
            query_box=box,
            neighbour_map=None if held is None else contributions(held.vectors[np.newaxis], own)[0],
            neighbour_box=None if held is None else held.box,
            faithfulness=perturbed.measure(shares, neighbour),
            in_lungs=None if inside is None or lungs is None else InLungs(inside, float(lungs.mean())),
        )

    def _held_places(self, key: str) -> Places | None:
        locations = self._retriever.version.locations
        if locations is None or key not in locations:
            return None
        return Places.from_bytes(locations.bytes_of(key), self._encoder.identity.dim)

    def _lungs_of(self, scan: Scan, box: Box) -> NDArray[np.float32] | None:
        """Return the lung mask of the part that the maps cover; None when there is no lung in it."""
        if self._lung_mask is None:
            return None
        mask = (self._lung_mask(render(scan, LUNG_PICTURE_SIDE)[0]) > 0.5).astype(np.float32)
        return cropped(mask, box) if mask.mean() >= FEWEST_LUNG else None


def cropped(square: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Return the part of a square picture that a box covers, at least one pixel."""
    side = len(square)
    top, left = round(box.top * side), round(box.left * side)
    bottom, right = max(top + 1, round(box.bottom * side)), max(left + 1, round(box.right * side))
    return square[top:bottom, left:right]
