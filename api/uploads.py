"""Takes files and a few fields out of a multipart request, within a limit of bytes."""

from collections.abc import Mapping

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from scankin.retrieval.clinical.own_json import MAX_BYTES
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan

MAX_FIELDS = 40
FILE = "file"
"""How several files are named; a single one may have any name."""
MAX_FIELD_BYTES = MAX_BYTES


async def read_upload(
    request: Request, max_bytes: int, most_files: int = 1
) -> tuple[tuple[bytes, ...], dict[str, list[str]]]:
    """Return the uploaded files, in their order, and the fields of the form and of the query string, by name.

    Bytes are counted as they come, so neither a missing nor a lying Content-Length gets past the limit.

    Raises:
        RefusedScan: The body is larger than ``max_bytes`` (413).
        InvalidRequest: It is not a multipart form with 1 to ``most_files`` files.
    """
    if "facts" in request.query_params:
        raise InvalidRequest("facts stand in the URL, which logs keep. Send them as a field of the form.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidRequest("The body is not multipart/form-data. Send one DICOM file, or a zip, as field 'file'.")
    counted = Request(request.scope, _Counting(request, max_bytes))
    try:
        async with counted.form(max_files=most_files, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
            named = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
            uploads = [value for _, value in named]
            if len(uploads) > 1 and {name for name, _ in named} != {FILE}:
                raise InvalidRequest("Several files must each be a field 'file': the query, then scans of its patient.")
            if not uploads:
                raise InvalidRequest("The form holds no file. Send one DICOM file, or a zip, as field 'file'.")
            fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
            files = tuple([await upload.read() for upload in uploads])
    except (MultiPartException, HTTPException) as error:
        raise InvalidRequest(
            f"The multipart form cannot be read: damaged, or more than {_counted(most_files)}, {MAX_FIELDS} fields or "
            f"{MAX_FIELD_BYTES // 1024} KiB in a field."
        ) from error
    return files, _by_name([*request.query_params.multi_items(), *fields])


class _Counting:
    """The receive channel of a request, with its bytes counted."""

    def __init__(self, request: Request, max_bytes: int) -> None:
        self._receive = request.receive
        self._left = self._max = max_bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large(self._max)
        return message


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def one(fields: Mapping[str, list[str]], name: str) -> str | None:
    """Return the only value of a field; None when it is absent.

    Raises:
        InvalidRequest: It was sent more than once.
    """
    values = fields.get(name, [])
    if len(values) > 1:
        raise InvalidRequest(f"{name} was sent {len(values)} times; once is meant.")
    return values[0] if values else None


def whole_number(fields: Mapping[str, list[str]], name: str) -> int | None:
    """Return a field as a whole number; None when it is absent.

    Raises:
        InvalidRequest: It is not a whole number.
    """
    text = one(fields, name)
    try:
        return None if text is None else int(text)
    except ValueError:
        raise InvalidRequest(f"{name} is not a whole number.") from None


def number(fields: Mapping[str, list[str]], name: str) -> float | None:
    """Return a field as a number; None when it is absent.

    Raises:
        InvalidRequest: It is not a number.
    """
    text = one(fields, name)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise InvalidRequest(f"{name} is not a number.") from None


def _counted(files: int) -> str:
    return "one file" if files == 1 else f"{files} files"


def _too_large(max_bytes: int) -> RefusedScan:
    return RefusedScan(Reason.TOO_LARGE, f"The request is larger than {max_bytes:,} bytes. Send fewer slices.")
