"""From bytes to a pydicom data set, safely: bounded inflation, bounded nesting, foreign errors translated."""

import io
import zlib

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan
from scankin.retrieval.reading.content import DICOM, PREAMBLE_BYTES, ZIP, kind_of, not_empty, too_large
from scankin.retrieval.reading.limits import Limits

_DEFLATED, _EXPLICIT = DeflatedExplicitVRLittleEndian.encode(), ExplicitVRLittleEndian.encode()

_FOREIGN = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    zlib.error,
)
"""What pydicom raises on files that are damaged or hostile."""


def parse(data: bytes, limits: Limits, *, headers_only: bool = False) -> FileDataset:
    """Return the data set of a DICOM file.

    Args:
        data: The whole file.
        limits: What it may inflate to.
        headers_only: True leaves the pixel data out.

    Raises:
        RefusedScan: It is not DICOM, or inflates beyond the limit.
        FailedScan: The header is damaged.
    """
    kind = kind_of(not_empty(data))
    if kind != DICOM:
        what = "an archive within an archive" if kind == ZIP else f"a {kind}"
        raise RefusedScan(Reason.NOT_DICOM, f"It is {what}, not a DICOM file. Send the original DICOM file.")
    try:
        data = _inflated(data, limits)
        dataset = pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=headers_only)
        if len(dataset) == 0:
            raise FailedScan(Reason.BROKEN_HEADER, "The DICOM file holds no data elements. Send it again.")
    except _FOREIGN as error:
        raise FailedScan(
            Reason.BROKEN_HEADER, "The DICOM header cannot be read: it is damaged or cut short."
        ) from error
    return dataset


def _inflated(data: bytes, limits: Limits) -> bytes:
    """Return a deflated file as an explicit little endian one; any other as it is.

    pydicom inflates without a bound: a file of 1 MiB took 1.6 GB. PS3.5 A.5: raw deflate after the file meta.
    """
    # File meta: preamble, "DICM", then its group length as the first element, 12 bytes (PS3.10 7.1).
    if data[PREAMBLE_BYTES + 4 : PREAMBLE_BYTES + 10] != b"\x02\x00\x00\x00UL":
        return data
    start = PREAMBLE_BYTES + 16 + int.from_bytes(data[PREAMBLE_BYTES + 12 : PREAMBLE_BYTES + 16], "little")
    if _DEFLATED not in data[:start]:
        return data
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    body = inflater.decompress(data[start:], limits.file_bytes)
    if inflater.unconsumed_tail:
        raise too_large(limits.file_bytes + 1, limits.file_bytes)
    return data[:start].replace(_DEFLATED, _EXPLICIT.ljust(len(_DEFLATED), b"\x00")) + body
