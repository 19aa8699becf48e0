"""The seam to models: what an encoder is, and what its vectors may be compared with."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.errors import EncoderMismatch
from scankin.retrieval.scan import Scan

UNIT_TOLERANCE = 1e-4

DEFAULT_SLICES = 32
"""Slices of a CT series that are read, across the lungs: 1.2 s of decoding where all 300 cost 11."""


@dataclass(frozen=True)
class EncoderIdentity:
    """What made a vector; vectors are comparable only when all of it is equal but the runtime of the engine.

    Attributes:
        name: Name of the encoder's file in ``models/``.
        weights: SHA-256 (hex) of the weights, or "none".
        preprocessing: The steps from pixels to tensor, with their parameters and a version.
        engine: What computes it: runtime, precision and device, such as "torch-float32-cpu".
        dim: Length of its vectors.
    """

    name: str
    weights: str
    preprocessing: str
    engine: str
    dim: int

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all fields; the key of cached vectors."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def precision(self) -> str:
        """The engine without its runtime: precision and device, such as "float32-cpu".

        Runtimes of one precision give the same vectors but for rounding, which every export checks; precisions do not.
        """
        return self.engine.partition("-")[2] or self.engine

    @property
    def _compared(self) -> dict[str, str | int]:
        return {**asdict(self), "engine": self.precision}

    def is_comparable_with(self, other: "EncoderIdentity") -> bool:
        """Return whether vectors of both may be compared: all is equal but the runtime of the engine."""
        return self._compared == other._compared

    def require(self, other: "EncoderIdentity", what: str) -> None:
        """Raise EncoderMismatch, naming ``what`` and the first field that differs, unless they are comparable."""
        theirs = other._compared
        for name, value in self._compared.items():
            if value != theirs[name]:
                raise EncoderMismatch(
                    f"{what}: {name} is {theirs[name]!r}; {value!r} is needed. "
                    "Load the encoder that built the index, or rebuild the index with this one."
                )


class Encoder(Protocol):
    """Turns a scan into one unit vector. Implementations are safe to call from several threads."""

    @property
    def identity(self) -> EncoderIdentity:
        """What makes its vectors comparable."""

    @property
    def slices(self) -> int:
        """How many slices of a CT series it wants; the reader picks them from the headers before decoding."""

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return the tensor ``[slices, channels, height, width]`` that ``encode`` takes, range-checked.

        Raises:
            RefusedScan: The scan is blank, so there is nothing to compare.
        """

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[dim]`` of one prepared scan: the same for a scan alone or among others."""


class Box(NamedTuple):
    """A rectangle in fractions of the square of ``rendering.render``: 0 is its top or left edge, 1 the other."""

    top: float
    left: float
    bottom: float
    right: float


FULL_SQUARE = Box(0.0, 0.0, 1.0, 1.0)


class LocatingEncoder(Encoder, Protocol):
    """An encoder whose vector is a mean over places of the picture, so that a cosine can be traced back to them."""

    def locate(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the vectors ``[slices, rows, columns, dim]`` of the places of one prepared scan.

        Places are a regular grid over the tensor, from its top left. The mean of all vectors is parallel to
        ``encode(tensor)``, exactly but for rounding. The tensor may have been blurred since it was prepared, to see
        what that changes: that it spans the range of a film must not be asked of it.
        """

    def placement(self, scan: Scan) -> Box:
        """Return which part of the scan's rendered square the tensor shows."""


def can_locate(encoder: Encoder) -> TypeGuard[LocatingEncoder]:
    """Whether the encoder can say which places its vectors come from."""
    # An encoder built on another has the methods, and only the other can say whether it has places to tell of.
    return callable(getattr(encoder, "locate", None)) and getattr(encoder, "has_places", True)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Unit vectors with the identity of what made them.

    Attributes:
        vectors: ``[n, dim]`` float32, each of length 1 within 1e-4, all finite.
        encoder: What made them.
    """

    vectors: NDArray[np.float32]
    encoder: EncoderIdentity

    def __post_init__(self) -> None:
        if self.vectors.dtype != np.float32 or self.vectors.ndim != 2 or self.vectors.shape[1] != self.encoder.dim:
            raise ValueError(
                f"Embeddings: {self.vectors.dtype} {self.vectors.shape} given; float32 [n, {self.encoder.dim}] needed."
            )
        lengths = np.linalg.norm(self.vectors, axis=1)
        if not np.all(np.abs(lengths - 1.0) <= UNIT_TOLERANCE):  # also catches NaN
            raise ValueError("Embeddings: a vector is not of unit length.")


def embed(encoder: Encoder, scan: Scan) -> Embeddings:
    """Return the one embedding ``[1, dim]`` of a scan."""
    return Embeddings(encoder.encode(encoder.prepare(scan))[np.newaxis], encoder.identity)
