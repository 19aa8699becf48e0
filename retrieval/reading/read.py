"""Reads one scan in this process. Untrusted files go through ``ReadingPool``, which calls this in a worker."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.reading.content import DICOM, JPEG, PNG, ZIP, kind_of, members, not_empty, read_file
from scankin.retrieval.reading.dataset import parse
from scankin.retrieval.reading.dicom import read_film, read_volume, require_image, slice_header
from scankin.retrieval.reading.limits import DEFAULT_LIMITS, Limits
from scankin.retrieval.reading.pictures import read_picture
from scankin.retrieval.reading.request import ReadRequest
from scankin.retrieval.scan import Modality, Scan

_DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})


def read_scan(request: ReadRequest, limits: Limits = DEFAULT_LIMITS) -> Scan:
    """Return the scan a request names.

    Raises:
        RefusedScan: It is not a chest film or CT series that can be compared; the reason says why.
        FailedScan: A file is missing, damaged, or cut short.
    """
    with warnings.catch_warnings():
        # pydicom warns of values that the standard forbids, and quotes them; such values are read, not told.
        warnings.simplefilter("ignore")
        return _read(request, limits)


def _read(request: ReadRequest, limits: Limits) -> Scan:
    if request.data is not None:
        return _read_bytes(request.data, request, limits)
    if len(request.paths) > 1:
        return _read_series(request.paths, request.slices, limits)
    path = request.paths[0]
    data = read_file(path, limits)
    if request.pictures and kind_of(data) in (PNG, JPEG) and path.suffix.lower() not in _DICOM_SUFFIXES:
        return read_picture(data, request.modality or Modality.XRAY, limits)
    return _read_bytes(data, request, limits)


def _read_bytes(data: bytes, request: ReadRequest, limits: Limits) -> Scan:
    if kind_of(not_empty(data)) == ZIP:
        return _read_archive(data, request.slices, limits)
    dataset = parse(data, limits)
    if require_image(dataset) == "CT":
        return read_volume([slice_header(dataset, lambda: dataset)], request.slices, limits)
    return read_film(dataset, limits)


def _read_archive(data: bytes, slices: int | None, limits: Limits) -> Scan:
    files = [content for content in members(data, limits) if content and kind_of(content) == DICOM]
    if not files:
        raise RefusedScan(
            Reason.NO_DICOM_IN_ARCHIVE, "The zip archive holds no DICOM file. Send a zip of one CT series."
        )
    return _combine([partial(bytes, content) for content in files], slices, limits)


def _read_series(paths: Sequence[Path], slices: int | None, limits: Limits) -> Scan:
    if len(paths) > limits.slices:
        raise RefusedScan(Reason.TOO_LARGE, f"The series has {len(paths):,} files; at most {limits.slices:,} are read.")
    return _combine([partial(read_file, path, limits) for path in paths], slices, limits)


def _combine(sources: Sequence[Callable[[], bytes]], slices: int | None, limits: Limits) -> Scan:
    """Return the film of one file, or the volume of many; only the picked slices are opened twice."""
    headers = [parse(source(), limits, headers_only=True) for source in sources]
    modalities = {require_image(header) for header in headers}
    if modalities == {"CT"}:
        opened = [
            slice_header(header, _opener(source, limits)) for header, source in zip(headers, sources, strict=True)
        ]
        return read_volume(opened, slices, limits)
    if len(headers) > 1:
        raise RefusedScan(
            Reason.MIXED_SERIES,
            f"{len(headers)} files that are not one CT series were sent. Send one film, or one series.",
        )
    return read_film(parse(sources[0](), limits), limits)


def _opener(source: Callable[[], bytes], limits: Limits) -> Callable[[], Dataset]:
    return lambda: parse(source(), limits)
