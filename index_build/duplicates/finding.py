"""Finds films that are one picture: recompressed, resized, brightened, mirrored, or cropped by up to about 15 %.

Coarse grids propose pairs, keypoints and grain decide; films whose fingerprints are all but equal need neither. Recall
and precision are in ``docs/evaluate.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from scankin.index_build.duplicates.candidates import candidates
from scankin.index_build.duplicates.keypoints import Keypoints
from scankin.retrieval.fingerprint import DUPLICATE_BITS, FINGERPRINT_BYTES, bits_apart

SAME = 0.85
"""Least agreement of the grain. Of altered films the least was 0.92."""


class Fingerprinted(Protocol):
    """A film with its keys and fingerprint: a picture, or a record of an index."""

    @property
    def scan(self) -> str: ...  # noqa: D102

    @property
    def patient(self) -> str: ...  # noqa: D102

    @property
    def fingerprint(self) -> bytes: ...  # noqa: D102


@dataclass(frozen=True)
class Picture:
    """One film as the detector sees it.

    Attributes:
        scan, patient: Keys.
        fingerprint: 32 bytes.
        png: The thumbnail.
    """

    scan: str
    patient: str
    fingerprint: bytes = field(repr=False)
    png: bytes = field(repr=False)


@dataclass(frozen=True, order=True)
class Duplicate:
    """Two films that are one picture.

    Attributes:
        scans: Their keys, sorted.
        patients: Keys of their patients, in the order of the scans.
        found_by: "fingerprint" or "keypoints".
        is_mirrored: Whether one is the mirror image of the other.
        agreement: Correlation of the grain where they overlap, in [-1, 1]; 1 where the fingerprint decided.
    """

    scans: tuple[str, str]
    patients: tuple[str, str]
    found_by: str
    is_mirrored: bool
    agreement: float


def find_duplicates(pictures: Sequence[Picture]) -> list[Duplicate]:
    """Return every pair of films that are one picture, sorted by their keys; pixel for pixel the same ones included."""
    if len(pictures) < 2:
        return []
    inner = [inner_of(picture.png) for picture in pictures]
    found = _by_fingerprint(pictures)
    keypoints = Keypoints(inner)
    for a, b, is_mirrored in sorted(set(candidates(inner))):
        if (a, b) not in found:
            agreement = keypoints.agreement(a, b, is_mirrored=is_mirrored)
            if agreement >= SAME:
                found[a, b] = _duplicate(
                    pictures, a, b, found_by="keypoints", is_mirrored=is_mirrored, agreement=agreement
                )
    return sorted(found.values())


def duplicates_by_fingerprint(films: Sequence[Fingerprinted]) -> list[Duplicate]:
    """Return the pairs whose fingerprints are all but equal: what can be told without the pictures."""
    return sorted(_by_fingerprint(films).values())


def _by_fingerprint(films: Sequence[Fingerprinted]) -> dict[tuple[int, int], Duplicate]:
    prints = np.frombuffer(b"".join(film.fingerprint for film in films), np.uint8).reshape(-1, FINGERPRINT_BYTES)
    pairs = (
        (row, int(other) + row + 1)
        for row, film in enumerate(films)
        for other in np.flatnonzero(bits_apart(film.fingerprint, prints[row + 1 :]) <= DUPLICATE_BITS)
    )
    return {pair: _duplicate(films, *pair, found_by="fingerprint") for pair in pairs}


def _duplicate(
    pictures: Sequence[Fingerprinted],
    a: int,
    b: int,
    *,
    found_by: str,
    is_mirrored: bool = False,
    agreement: float = 1.0,
) -> Duplicate:
    first, second = sorted((pictures[a], pictures[b]), key=lambda picture: picture.scan)
    return Duplicate((first.scan, second.scan), (first.patient, second.patient), found_by, is_mirrored, agreement)


def inner_of(png: bytes) -> NDArray[np.uint8]:
    """Return a thumbnail without the black bars that made it square."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError("A cached thumbnail is no PNG. Delete the casebook's cache.sqlite and build again.")
    rows, columns = np.flatnonzero(picture.max(axis=1)), np.flatnonzero(picture.max(axis=0))
    if not len(rows):
        return np.asarray(picture, np.uint8)
    return np.asarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.uint8)
