"""The vectors of the places of indexed films: what a neighbour's map is made of. They never leave the service.

They are held as float16, on the scale at which their mean is the film's unit vector: 125 KB a film for
EfficientNet-Lite0. A version of an index has them only when it was built with ``--explanations``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.blobs import Blobs, write_blobs
from scankin.retrieval.encoder import Box, LocatingEncoder
from scankin.retrieval.errors import StoreCorrupt
from scankin.retrieval.scan import Modality, Scan

COLUMN = "places"
_HEADER = np.dtype([("box", "<f4", 4), ("grid", "<u2", 2)])


@dataclass(frozen=True, eq=False)
class Places:
    """The places of one film.

    Attributes:
        vectors: ``[rows, columns, dim]`` float16; their mean is the film's unit vector.
        box: Which part of the rendered square the grid covers.
    """

    vectors: NDArray[np.float16]
    box: Box

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.vectors.shape[0], self.vectors.shape[1]

    def to_bytes(self) -> bytes:
        """Return what is stored: the box (4 float32), rows and columns (2 uint16), the vectors; little endian."""
        header = np.array((tuple(self.box), self.grid), _HEADER)
        return header.tobytes() + self.vectors.astype("<f2").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, dim: int) -> Self:
        """Return the places that were stored of an encoder of ``dim`` dimensions.

        Raises:
            StoreCorrupt: The bytes are not as many as their header and ``dim`` say.
        """
        header = np.frombuffer(data[: _HEADER.itemsize].ljust(_HEADER.itemsize, b"\0"), _HEADER)[0]
        rows, columns = header["grid"].tolist()
        if len(data) != _HEADER.itemsize + 2 * rows * columns * dim:
            raise StoreCorrupt("The places of a film do not fit the encoder. Rebuild the store.")
        vectors = np.frombuffer(data, "<f2", offset=_HEADER.itemsize).reshape(rows, columns, dim)
        return cls(vectors, Box(*header["box"].tolist()))


def places_of(encoder: LocatingEncoder, scan: Scan, tensor: NDArray[np.float32]) -> Places | None:
    """Return the places of a prepared film; None for a volume, of which none are kept (4 MB each)."""
    if scan.modality is not Modality.XRAY:
        return None
    vectors = encoder.locate(tensor)[0]
    scaled = vectors / np.linalg.norm(vectors.mean(axis=(0, 1), dtype=np.float64))
    return Places(scaled.astype(np.float16), encoder.placement(scan))


def write_locations(path: Path, places: Iterable[tuple[str, bytes]]) -> None:
    """Write ``(scan key, Places.to_bytes())`` pairs."""
    write_blobs(path, COLUMN, places)


class Locations(Blobs):
    """The places of the films of one version, mapped into memory."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, COLUMN)
