"""What an exported network's ONNX file says of itself, so that it can be served without the library it came from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import InvalidRequest

SCHEMA = "scankin.network/1"
SUFFIX = ".onnx"
_SCHEMA, _IDENTITY, _PREPARATION = "scankin.schema", "scankin.identity", "scankin.preparation"
PRECISION = "scankin.precision"
"""Read by ``OnnxEngine``."""


@dataclass(frozen=True)
class Exported:
    """The metadata of an exported network.

    Attributes:
        identity: Of the encoder when onnxruntime runs it: name, weights, preprocessing, engine and dim.
        preparation: What ``Preparation.stated`` gave.
    """

    identity: EncoderIdentity
    preparation: str

    def as_metadata(self) -> dict[str, str]:
        """Return it as texts by name, for the file."""
        identity = json.dumps(asdict(self.identity), sort_keys=True)
        precision = self.identity.precision.partition("-")[0]
        return {_SCHEMA: SCHEMA, _IDENTITY: identity, _PREPARATION: self.preparation, PRECISION: precision}

    @classmethod
    def of(cls, metadata: Mapping[str, str], file: Path) -> Self:
        """Return what a file's metadata says.

        Raises:
            InvalidRequest: It was not written by ``scankin-index export``, or by another version of it.
        """
        if metadata.get(_SCHEMA) != SCHEMA:
            raise InvalidRequest(
                f"{file.name} is no network that scankin-index export wrote. Export one, or use it with --encoder onnx."
            )
        try:
            return cls(EncoderIdentity(**json.loads(metadata[_IDENTITY])), metadata[_PREPARATION])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidRequest(f"{file.name}: what it says of itself is damaged. Export it again.") from error
