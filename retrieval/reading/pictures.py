"""PNG and JPEG pictures of public research collections."""

import io
import struct
import warnings

import numpy as np
from PIL import Image

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan
from scankin.retrieval.reading.content import JPEG, PNG, kind_of
from scankin.retrieval.reading.decoders import jpeg_size
from scankin.retrieval.reading.limits import Limits
from scankin.retrieval.scan import Modality, Scan


def read_picture(data: bytes, modality: Modality, limits: Limits) -> Scan:
    """Return the scan of a PNG or JPEG picture: grey as it is, colour turned to luma (ITU-R 601), alpha on black.

    Raises:
        RefusedScan: It is no PNG or JPEG, or larger than the limit.
        FailedScan: It is damaged.
    """
    kind = kind_of(data)
    if kind not in (PNG, JPEG):
        raise RefusedScan(Reason.NOT_AN_IMAGE, f"It is a {kind}, not a PNG or JPEG picture.")
    size = jpeg_size(data) if kind == JPEG else _png_size(data)
    if size is None:
        raise FailedScan(Reason.BROKEN_PIXELS, "The picture has no image header; it is damaged.")
    if size[0] * size[1] > limits.pixels:
        raise RefusedScan(
            Reason.TOO_LARGE, f"The picture has {size[0]} x {size[1]} pixels; at most {limits.pixels:,} are read."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of odd metadata, which is not read
            with Image.open(io.BytesIO(data)) as picture:
                pixels = _grey(picture)
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise FailedScan(Reason.BROKEN_PIXELS, "The picture cannot be decoded; it is damaged or cut short.") from error
    return Scan(modality=modality, pixels=pixels[np.newaxis])


def _grey(picture: Image.Image) -> np.ndarray[tuple[int, int], np.dtype[np.uint8 | np.uint16]]:
    if picture.mode in ("I;16", "I;16B", "I"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        black = Image.new("RGBA", whole.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, whole)
    return np.asarray(picture.convert("L"), dtype=np.uint8)


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    columns, rows = struct.unpack(">II", data[16:24])
    return rows, columns
