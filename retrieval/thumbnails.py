"""Small pictures of the indexed scans, in one file that is read by row without being loaded."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from scankin.retrieval.errors import UnknownName
from scankin.retrieval.rendering import middle_slice, render
from scankin.retrieval.scan import Scan

SIDE = 256
"""Pixels: enough to recognise a film by, too few to read one by."""

FIELDS = pa.schema([pa.field("scan", pa.string(), nullable=False), pa.field("png", pa.binary(), nullable=False)])


def thumbnail(scan: Scan) -> NDArray[np.uint8]:
    """Return the scan's picture (of a volume: its middle slice) in 256 x 256 pixels.

    Raises:
        RefusedScan: The picture is blank.
    """
    grey: NDArray[np.uint8] = np.round(render(middle_slice(scan), SIDE)[0] * 255).astype(np.uint8)
    return grey


def thumbnail_png(scan: Scan) -> bytes:
    """Return the scan's thumbnail as an 8 bit grey PNG."""
    out = io.BytesIO()
    Image.fromarray(thumbnail(scan)).save(out, "PNG", compress_level=6)
    return out.getvalue()


def write_thumbnails(path: Path, pictures: Iterable[tuple[str, bytes]]) -> None:
    """Write ``(scan key, PNG)`` pairs as an Arrow file, in batches, so that not all are in memory at once."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, FIELDS) as writer:
        batch: list[tuple[str, bytes]] = []
        for pair in pictures:
            batch.append(pair)
            if len(batch) == _BATCH:
                writer.write_batch(_batch(batch))
                batch = []
        if batch:
            writer.write_batch(_batch(batch))


class Thumbnails:
    """The pictures of one version, mapped into memory."""

    def __init__(self, path: Path) -> None:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        self._png = table.column("png")
        self._rows = {key: row for row, key in enumerate(table.column("scan").to_pylist())}

    def __len__(self) -> int:
        return len(self._rows)

    def png(self, key: str) -> bytes:
        """Return the PNG of a scan key.

        Raises:
            UnknownName: There is none of that key.
        """
        if key not in self._rows:
            raise UnknownName("There is no picture of that key in this version of the index.")
        picture: bytes = self._png[self._rows[key]].as_py()
        return picture


_BATCH = 512


def _batch(pairs: list[tuple[str, bytes]]) -> pa.RecordBatch:
    keys, pictures = zip(*pairs, strict=True)
    return pa.record_batch([pa.array(keys, pa.string()), pa.array(pictures, pa.binary())], schema=FIELDS)
