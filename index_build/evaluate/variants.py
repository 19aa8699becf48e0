"""One film as DICOM files that must be read as the same film, and as some that must be read as nearly it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    generate_uid,
)

Stored = NDArray[np.uint16]

BITS = 12
TOP = (1 << BITS) - 1
_PADDING = 0.08
"""Width of the padding on each side, as a share of the picture's."""


@dataclass(frozen=True)
class Variant:
    """One way to store a film of 12 bits.

    Attributes:
        name: For the report.
        is_lossless: Whether nothing of the film is lost.
        values: From the film's values ``[h, w]``, 0 to 4095, to those stored.
        bits: Stored.
        syntax: Transfer syntax.
        compress: From stored values to a codestream; None: native.
        elements: Of the header, by keyword.
    """

    name: str
    is_lossless: bool
    values: Callable[[Stored], Stored] = lambda film: film
    bits: int = BITS
    syntax: UID = ExplicitVRLittleEndian
    compress: Callable[[NDArray[Any]], bytes] | None = None
    elements: Mapping[str, Any] = field(default_factory=dict)


PLAIN = Variant("as it is: 12 bits, MONOCHROME2, native", is_lossless=True)

VARIANTS = (
    Variant(
        "MONOCHROME1, inverted",
        True,
        values=lambda film: (TOP - film).astype(np.uint16),
        elements={"PhotometricInterpretation": "MONOCHROME1"},
    ),
    Variant("big endian", True, syntax=ExplicitVRBigEndian),
    Variant("16 bits, each value x 16", True, values=lambda film: (film << 4).astype(np.uint16), bits=16),
    Variant("rescale slope 2, intercept -100", True, elements={"RescaleSlope": "2", "RescaleIntercept": "-100"}),
    # PS3.3 C.11.2.1.2.1: centre 2048 and width 4096 map 0 to 4095 onto the whole range
    Variant("VOI window of the whole range", True, elements={"WindowCenter": "2048", "WindowWidth": "4096"}),
    Variant(
        "padding around it",
        True,
        values=lambda film: np.pad(film, [(round(_PADDING * side),) * 2 for side in film.shape]).astype(np.uint16),
        elements={"PixelPaddingValue": 0},
    ),
    Variant(
        "JPEG-LS lossless", True, syntax=JPEGLSLossless, compress=lambda film: bytes(imagecodecs.jpegls_encode(film))
    ),
    Variant(
        "JPEG 2000 lossless",
        True,
        syntax=JPEG2000Lossless,
        compress=lambda film: bytes(
            imagecodecs.jpeg2k_encode(film, reversible=True, codecformat="J2K", bitspersample=BITS)
        ),
    ),
    Variant("10 bits", False, values=lambda film: (film >> 2).astype(np.uint16), bits=10),
    Variant("8 bits", False, values=lambda film: (film >> 4).astype(np.uint16), bits=8),
    Variant(
        "JPEG, quality 90, 8 bits",
        False,
        values=lambda film: (film >> 4).astype(np.uint16),
        bits=8,
        syntax=JPEGBaseline8Bit,
        compress=lambda film: bytes(imagecodecs.jpeg8_encode(film, level=90)),
    ),
    Variant(
        "JPEG 2000, lossy",
        False,
        syntax=JPEG2000,
        compress=lambda film: bytes(
            imagecodecs.jpeg2k_encode(film, level=45, reversible=False, codecformat="J2K", bitspersample=BITS)
        ),
    ),
)


def film_of(pixels: NDArray[Any], *, is_inverted: bool) -> Stored:
    """Return a film's pixels ``[h, w]`` as 12 bit values, high white: what every variant stores."""
    values = pixels.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    spread = np.rint((values - low) / max(high - low, 1e-9) * TOP).astype(np.uint16)
    return (TOP - spread).astype(np.uint16) if is_inverted else spread


def dicom_of(film: Stored, variant: Variant) -> bytes:
    """Return a film as the bytes of a DICOM file (CR Image, PS3.3 A.2), stored as a variant says."""
    stored = variant.values(film)
    array = stored.astype(np.uint8) if variant.bits <= 8 else stored
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ComputedRadiographyImageStorage, generate_uid()
    meta.TransferSyntaxUID = variant.syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\x00" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = array.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * array.itemsize, variant.bits, variant.bits - 1
    dataset.PixelRepresentation = 0
    for keyword, value in variant.elements.items():
        setattr(dataset, keyword, value)
    if variant.compress is not None:
        dataset.PixelData = encapsulate([variant.compress(np.ascontiguousarray(array))])
        dataset["PixelData"].is_undefined_length = True
    else:
        dataset.PixelData = array.astype(">u2" if variant.syntax == ExplicitVRBigEndian else array.dtype).tobytes()
        dataset["PixelData"].VR = "OW"
    sink = io.BytesIO()
    pydicom.dcmwrite(sink, dataset, enforce_file_format=True)
    return sink.getvalue()
