"""Any encoder with a linear head fitted to a casebook: how an institution tunes an encoder to its own patients."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.models.engines import RUNTIMES
from scankin.retrieval.encoder import Box, Encoder, EncoderIdentity, LocatingEncoder, can_locate
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.scan import Scan

_ARRAYS = ("mean", "matrix", "base", "base_digest")


def load_over(weights: Path | None, load_base: Callable[[str], Encoder]) -> Encoder:
    """Return the encoder of a head that ``scankin-index adapt`` wrote; its base is loaded with its packaged weights.

    Raises:
        InvalidRequest: No file is named, it is no head, or its base is not the encoder it was fitted on.
    """
    if weights is None or not weights.is_file():
        raise InvalidRequest("An adapted encoder needs its head: name the file that scankin-index adapt wrote.")
    data = weights.read_bytes()
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            mean, matrix, base, digest = (held[name] for name in _ARRAYS)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise InvalidRequest(
            f"{weights.name} is no head of an adapted encoder. Fit one: scankin-index adapt."
        ) from error
    loaded = load_base(str(base))
    if str(digest) not in _digests(loaded.identity):
        raise InvalidRequest(f"{weights.name} was fitted on another {base}: its weights or preprocessing differ.")
    return Adapted(loaded, mean, matrix, hashlib.sha256(data).hexdigest())


def _digests(identity: EncoderIdentity) -> set[str]:
    """Return the digests of an encoder on every runtime of its precision: a head fits the vectors of them all."""
    return {replace(identity, engine=f"{runtime}-{identity.precision}").digest for runtime in RUNTIMES}


class Adapted:
    """A base encoder, then ``(vector - mean) @ matrix`` at unit length."""

    def __init__(self, base: Encoder, mean: NDArray[np.float32], matrix: NDArray[np.float32], sha256: str) -> None:
        self._base = base
        self._mean, self._matrix = mean.astype(np.float32), matrix.astype(np.float32)
        self.slices = base.slices
        self.identity = EncoderIdentity(
            name="adapted",
            weights=sha256,
            preprocessing=f"{base.identity.name} {base.identity.weights[:16]}: {base.identity.preprocessing}",
            engine=base.identity.engine,
            dim=self._matrix.shape[1],
        )

    def prepare(self, scan: Scan) -> NDArray[np.float32]:
        """Return the tensor of the base encoder."""
        return self._base.prepare(scan)

    def encode(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unit vector ``[dim]``."""
        made: NDArray[np.float32] = apply_head(self._base.encode(tensor)[np.newaxis], self._mean, self._matrix)[0]
        return made

    @property
    def has_places(self) -> bool:
        """Whether the base encoder has."""
        return can_locate(self._base)

    def locate(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return ``[slices, rows, columns, dim]``: the base's, on the scale at which their mean is the unit vector.

        The head is linear, so the mean of its values over places is its value of the mean.
        """
        places = self._located_base.locate(tensor)
        length = np.linalg.norm(places.mean(axis=(0, 1, 2), dtype=np.float64))
        return np.asarray((places / np.float32(length) - self._mean) @ self._matrix, np.float32)

    def placement(self, scan: Scan) -> Box:
        """Return the part that the base encoder sees."""
        return self._located_base.placement(scan)

    @property
    def _located_base(self) -> LocatingEncoder:
        if not can_locate(self._base):
            raise InvalidRequest(f"{self._base.identity.name} cannot tell the places that its vectors come from.")
        return self._base


def apply_head(
    vectors: NDArray[np.float32], mean: NDArray[np.float32], matrix: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return ``[n, dim]`` unit vectors of ``[n, base dim]``; row by row, so that a vector does not depend on others."""
    made = np.stack([(vector - mean) @ matrix for vector in vectors.astype(np.float32)])
    lengths = np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
    return np.asarray(made / lengths, np.float32)
