"""Which films a training may see: by patient, by a hash that anybody can compute again."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEPT_ASIDE_PERCENT, INNER_PERCENT = 20, 20


class Part:
    """What a film is for."""

    KEPT_ASIDE, INNER, FIT = 0, 1, 2
    """Never seen; seen only to choose the number of epochs, then learned from, too; learned from."""


def parts_of(source_ids: Sequence[str], people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the part of each film, ``[n]``; patients who share a picture are in one part.

    The hash is of the patient's first source id, so the same films are kept aside whatever the casebook's key is.

    Args:
        source_ids: Of the films, as their collection names them.
        people: ``[n]`` number of the patient, near-duplicates joined.
    """
    first: dict[int, str] = {}
    for source_id, person in zip(source_ids, people.tolist(), strict=True):
        first[person] = min(first.get(person, source_id), source_id)
    places = np.array([_percentile(first[person]) for person in people.tolist()])
    parts = np.where(places < KEPT_ASIDE_PERCENT + INNER_PERCENT, Part.INNER, Part.FIT)
    return np.where(places < KEPT_ASIDE_PERCENT, Part.KEPT_ASIDE, parts)


def _percentile(source_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"scankin {source_id}".encode()).digest()[:4], "big") % 100
