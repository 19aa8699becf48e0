"""What bytes really are, whatever their file is called, and reading them within limits."""

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan
from scankin.retrieval.reading.limits import Limits

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"%PDF", "PDF document"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"GIF8", "GIF picture"),
    (b"BM", "BMP picture"),
    (b"\x1f\x8b", "gzip archive"),
    (b"II*\x00", "TIFF picture"),
    (b"MM\x00*", "TIFF picture"),
)
DICOM, ZIP, PNG, JPEG = "DICOM file", "zip archive", "PNG picture", "JPEG picture"
PREAMBLE_BYTES = 128


def kind_of(data: bytes) -> str:
    """Return what the bytes are: ``DICOM``, ``ZIP``, ``PNG``, ``JPEG``, another name, or "text" or "unknown"."""
    if data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == b"DICM":
        return DICOM
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if looks_like_bare_dicom(data):
        return DICOM
    head = data[:512]
    return "text file" if head and all(byte in b"\t\n\r\x0c" or byte >= 32 for byte in head) else "unknown file"


def looks_like_bare_dicom(data: bytes) -> bool:
    """Whether the bytes start as a data set without preamble: a group 2 or 8 element in little endian (PS3.5 7.1)."""
    return len(data) > 8 and data[:2] in (b"\x02\x00", b"\x08\x00") and data[3] == 0 and data[2] < 0x20


def read_file(path: Path, limits: Limits) -> bytes:
    """Return a file's bytes.

    Raises:
        FailedScan: It is missing, empty, not a file, or may not be read.
        RefusedScan: It is larger than the limit.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FailedScan(Reason.UNREADABLE_FILE, "It is not a regular file. Name a file.")
            if status.st_size > limits.file_bytes:
                raise too_large(status.st_size, limits.file_bytes)
            data = file.read()
    except FileNotFoundError:
        raise FailedScan(Reason.MISSING_FILE, "There is no such file.") from None
    except OSError as error:
        raise FailedScan(Reason.UNREADABLE_FILE, f"The file cannot be read: {error.strerror}.") from error
    return not_empty(data)


def not_empty(data: bytes) -> bytes:
    """Return the bytes, or raise FailedScan when there are none."""
    if not data:
        raise FailedScan(Reason.EMPTY_FILE, "The file is empty. Send it again.")
    return data


def too_large(size: int, limit: int) -> RefusedScan:
    """Return the refusal of something larger than its limit, in bytes."""
    return RefusedScan(Reason.TOO_LARGE, f"The file has {size:,} bytes; at most {limit:,} are read.")


def members(data: bytes, limits: Limits) -> Iterator[bytes]:
    """Yield the bytes of every file in a zip, in the order of their names; names are not used as paths.

    Sizes are counted as bytes come out, so an archive that lies about them gains nothing.

    Raises:
        FailedScan: The archive is broken or encrypted.
        RefusedScan: It holds more files or bytes than the limits allow.
    """
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
            if len(files) > limits.files:
                raise RefusedScan(
                    Reason.TOO_LARGE, f"The archive holds {len(files):,} files; at most {limits.files:,} are read."
                )
            for info in files:
                with archive.open(info) as member:
                    content = member.read(limits.file_bytes + 1)
                total += len(content)
                if len(content) > limits.file_bytes or total > limits.request_bytes:
                    raise RefusedScan(
                        Reason.TOO_LARGE,
                        f"The archive inflates to more than {limits.request_bytes:,} bytes, or a file in it to more "
                        f"than {limits.file_bytes:,}.",
                    )
                yield content
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        # RuntimeError: encrypted member; NotImplementedError: a compression method Python does not know.
        raise FailedScan(
            Reason.BROKEN_ARCHIVE, "The zip archive cannot be read: it is damaged or encrypted."
        ) from error
