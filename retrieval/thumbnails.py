"""Small pictures of the indexed scans, in one file that is read by row without being loaded."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.retrieval.blobs import Blobs, write_blobs
from scankin.retrieval.rendering import picture
from scankin.retrieval.scan import Scan

COLUMN = "png"


def thumbnail(scan: Scan) -> NDArray[np.uint8]:
    """Return the scan's picture (of a volume: its middle slice) in 256 x 256 pixels.

    Raises:
        RefusedScan: The picture is blank.
    """
    grey: NDArray[np.uint8] = np.round(picture(scan) * 255).astype(np.uint8)
    return grey


def thumbnail_png(scan: Scan) -> bytes:
    """Return the scan's thumbnail as an 8 bit grey PNG."""
    out = io.BytesIO()
    Image.fromarray(thumbnail(scan)).save(out, "PNG", compress_level=6)
    return out.getvalue()


def write_thumbnails(path: Path, pictures: Iterable[tuple[str, bytes]]) -> None:
    """Write ``(scan key, PNG)`` pairs."""
    write_blobs(path, COLUMN, pictures)


class Thumbnails(Blobs):
    """The pictures of one version, mapped into memory."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, COLUMN)

    def png(self, key: str) -> bytes:
        """Return the PNG of a scan key.

        Raises:
            UnknownName: There is none of that key.
        """
        return self.bytes_of(key)
