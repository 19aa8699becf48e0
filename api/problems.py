"""Errors as RFC 9457 problem documents: a code, a sentence, never a name, path or trace."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from scankin.retrieval.errors import (
    InvalidRequest,
    LicenceExpired,
    Reason,
    ScanError,
    ScankinError,
    StoreError,
    UnknownName,
)

MEDIA_TYPE = "application/problem+json"

_STATUSES = {
    Reason.NOT_DICOM: 415,
    Reason.NOT_AN_IMAGE: 415,
    Reason.NO_DICOM_IN_ARCHIVE: 415,
    Reason.TOO_LARGE: 413,
    Reason.INTERNAL: 500,
}
"""Reasons that are not 422."""

TITLES = {
    400: "The request cannot be read",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    413: "Too large",
    415: "Not a DICOM file",
    422: "The scan or a parameter is not suitable",
    500: "Unexpected error",
    503: "Not ready",
}


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the problem document of a status, a code documented in ``docs/errors.md`` and one sentence."""
    body = {
        "type": f"urn:scankin:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: ScankinError) -> JSONResponse:
    """Return the problem document of an error raised on purpose."""
    if isinstance(error, ScanError):
        return problem(_STATUSES.get(error.reason, 422), error.reason.value, error.message)
    if isinstance(error, UnknownName):
        return problem(404, "unknown_key", str(error))
    if isinstance(error, InvalidRequest):
        return problem(422, "invalid_request", str(error))
    if isinstance(error, LicenceExpired):
        return problem(503, "licence_expired", str(error))
    if isinstance(error, StoreError):
        return problem(503, "index_unavailable", "The index cannot be used now. See the service's log.")
    return problem(500, "internal", "An unexpected error; it is in the service's log.")
