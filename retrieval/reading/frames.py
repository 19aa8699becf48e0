"""How a pool and its workers talk: a line of JSON, then raw bytes. Never pickle."""

import json
import struct
from dataclasses import fields
from datetime import date
from typing import IO, Any

import numpy as np

from scankin.retrieval.scan import Age, LookupTable, Modality, Scan, Sex, View, Window

_LENGTHS = struct.Struct(">IQ")
MAX_HEAD_BYTES = 64 * 1024 * 1024
_DTYPES = {"uint8", "int16", "uint16", "float32"}


def write_frame(file: IO[bytes], head: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Write one frame and flush it."""
    encoded = json.dumps(head).encode()
    file.write(_LENGTHS.pack(len(encoded), len(body)))
    file.write(encoded)
    file.write(body)
    file.flush()


def read_frame(file: IO[bytes]) -> tuple[dict[str, Any], bytearray] | None:
    """Return the next frame's head and body; None when the other side has ended.

    Raises:
        ValueError: What came is not a frame.
    """
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_bytes, body_bytes = _LENGTHS.unpack(lengths)
    if head_bytes > MAX_HEAD_BYTES:
        raise ValueError("The head of a frame is too long.")
    head = json.loads(file.read(head_bytes))
    body = bytearray(body_bytes)
    view, got = memoryview(body), 0
    while got < body_bytes:
        count = file.readinto(view[got:])  # type: ignore[attr-defined]
        if not count:
            return None
        got += count
    return head, body


def scan_to_header(scan: Scan) -> dict[str, Any]:
    """Return all of a scan but its pixels as JSON values."""
    plain = {name: getattr(scan, name) for name in _PLAIN}
    window: dict[str, Any] | None = None
    if isinstance(scan.window, Window):
        window = {"centre": scan.window.centre, "width": scan.window.width}
    elif scan.window is not None:
        window = {"first": scan.window.first, "entries": scan.window.entries}
    return {
        **plain,
        "window": window,
        "age": scan.age and [scan.age.low, scan.age.high],
        "study_date": scan.study_date and scan.study_date.isoformat(),
        "dtype": scan.pixels.dtype.name,
        "shape": scan.pixels.shape,
    }


def scan_of(head: dict[str, Any], body: bytearray) -> Scan:
    """Return the scan of a worker's answer, checked like any other.

    Raises:
        ValueError, KeyError, TypeError: The answer is not a scan's.
    """
    if head["dtype"] not in _DTYPES:
        raise ValueError("A worker's answer has pixels of no known type.")
    window = head["window"]
    plain = {name: head[name] for name in _PLAIN}
    spacing = plain["spacing_mm"]
    return Scan(
        **{
            **plain,
            "modality": Modality(plain["modality"]),
            "view": plain["view"] and View(plain["view"]),
            "sex": plain["sex"] and Sex(plain["sex"]),
            "spacing_mm": spacing and (spacing[0], spacing[1]),
        },
        pixels=np.frombuffer(body, head["dtype"]).reshape(head["shape"]),
        window=None
        if window is None
        else Window(**window)
        if "centre" in window
        else LookupTable(window["first"], tuple(window["entries"])),
        age=head["age"] and Age(*head["age"]),
        study_date=head["study_date"] and date.fromisoformat(head["study_date"]),
    )


_PLAIN = [field.name for field in fields(Scan) if field.name not in ("pixels", "window", "age", "study_date")]
