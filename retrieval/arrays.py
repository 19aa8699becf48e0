"""Arrays and a head of plain values in one file, npz: the same bytes for the same values."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.errors import StoreCorrupt

_HEAD = "head"


def packed(head: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return the file; it is not compressed, so that a proof of absence finds the keys that are in it.

    Args:
        head: JSON values, with ``format``.
        arrays: By name.
    """
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **{_HEAD: np.array(json.dumps(head, sort_keys=True)), **arrays})
    return sink.getvalue()


@contextmanager
def unpacked(data: bytes, wanted: str, what: str) -> Iterator[tuple[dict[str, Any], Mapping[str, NDArray[Any]]]]:
    """Give the head and the arrays of a file's bytes, each array read when it is asked for.

    Args:
        data: Of the file.
        wanted: Its format.
        what: How an error calls it.

    Raises:
        StoreCorrupt: It is of another format.
        ValueError, KeyError, zipfile.BadZipFile: It is no such file.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        head = json.loads(str(held[_HEAD]))
        if head["format"] != wanted:
            raise StoreCorrupt(f"{what} has format {head['format']!r}; {wanted!r} is read. Rebuild.")
        yield head, held
