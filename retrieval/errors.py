"""Every error Scankin raises on purpose.

::

    ScankinError
    ├── ScanError                one scan cannot be answered; the rest of a batch goes on
    │   ├── RefusedScan          the input is not suitable (a row "refused", HTTP 415 or 422)
    │   └── FailedScan           the file is broken, or we failed on it (a row "failed")
    ├── RequestError             a parameter asks for what cannot be done
    │   ├── InvalidRequest       a value is out of its range
    │   └── UnknownName          no encoder, importer, format or case of that name
    ├── CasebookError            a casebook is missing a table, or does not fit what was asked
    └── StoreError               the index on disk cannot be used
        ├── StoreMissing         there is no store, version or file where one was named
        ├── StoreCorrupt         a file does not match the hash in its manifest
        ├── StoreLocked          another process is publishing
        ├── StoreFull            the disk refused a write; nothing was published
        ├── LicenceExpired       the last day on which its data may be used is past
        └── EncoderMismatch      vectors of one encoder meet an index of another

Messages name the item, the fact and the remedy. They never hold a pseudonym or the path of a patient's file: callers
name the item by its place in the request, or by its key in the index.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a scan was refused or failed: the closed set of codes that doors, tables and logs use."""

    # refused: not suitable
    NOT_AN_IMAGE = "not_an_image"
    NOT_DICOM = "not_dicom"
    NO_DICOM_IN_ARCHIVE = "no_dicom_in_archive"
    NO_PIXELS = "no_pixels"
    MULTI_FRAME = "multi_frame"
    UNSUPPORTED_MODALITY = "unsupported_modality"
    UNSUPPORTED_PHOTOMETRIC = "unsupported_photometric"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    NOT_A_CHEST = "not_a_chest"
    NOT_HUMAN = "not_human"
    LOCALIZER = "localizer"
    DERIVED_IMAGE = "derived_image"
    NOT_AXIAL = "not_axial"
    NOT_FRONTAL = "not_frontal"
    TOO_FEW_SLICES = "too_few_slices"
    UNEVEN_SPACING = "uneven_spacing"
    OTHER_SERIES = "other_series"
    MIXED_SERIES = "mixed_series"
    TOO_LARGE = "too_large"
    BLANK = "blank"
    NO_CASE = "no_case"
    HEADER_MISMATCH = "header_mismatch"
    CLAIMED_TWICE = "claimed_twice"
    IMPLAUSIBLE_DATE = "implausible_date"
    WITHDRAWN = "withdrawn"
    NO_CANDIDATES = "no_candidates"
    UNLIKE_THE_INDEX = "unlike_the_index"
    OTHER_PATIENT = "other_patient"
    OTHER_MODALITY = "other_modality"
    UNKNOWN_DAY = "unknown_day"
    AFTER_DEATH = "after_death"
    # failed: broken, or our fault
    EMPTY_FILE = "empty_file"
    MISSING_FILE = "missing_file"
    UNREADABLE_FILE = "unreadable_file"
    UNREACHABLE = "unreachable"
    BROKEN_HEADER = "broken_header"
    BROKEN_PIXELS = "broken_pixels"
    BROKEN_ARCHIVE = "broken_archive"
    BROKEN_RECORD = "broken_record"
    CHANGED = "changed_since_ingest"
    DECODER_DIED = "decoder_died"
    DECODER_TIMEOUT = "decoder_timeout"
    INTERNAL = "internal"


class ScankinError(Exception):
    """Base of all errors raised on purpose."""


class ScanError(ScankinError):
    """One scan cannot be answered.

    Attributes:
        reason: The code of the fact.
        message: One sentence that names the fact and, where there is one, the remedy; no pseudonym, no path.
    """

    status = "failed"

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RefusedScan(ScanError):
    """The input is not suitable: nothing is broken, but no answer would be right."""

    status = "refused"


class FailedScan(ScanError):
    """The file is broken, or reading it failed."""


class RequestError(ScankinError):
    """A parameter asks for what cannot be done."""


class InvalidRequest(RequestError):
    """A value is out of its range."""


class UnknownName(RequestError):
    """There is no encoder, importer, format or case of that name."""


class CasebookError(ScankinError):
    """A casebook is missing a table, or does not fit what was asked of it."""


class StoreError(ScankinError):
    """The index on disk cannot be used."""


class StoreMissing(StoreError):
    """There is no store, version or file where one was named."""


class StoreCorrupt(StoreError):
    """A file does not match the hash or the counts in its manifest."""


class StoreLocked(StoreError):
    """Another process is publishing to this store."""


class StoreFull(StoreError):
    """The disk refused a write; nothing was published."""


class LicenceExpired(StoreError):
    """The last day on which the data of an index may be used is past."""


class EncoderMismatch(StoreError):
    """Vectors of one encoder meet an index of another."""
