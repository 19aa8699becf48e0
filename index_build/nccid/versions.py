"""The clinical files of one patient: all of them read, one of them current."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scankin.index_build.source_files import writable
from scankin.retrieval.errors import FailedScan, Reason
from scankin.retrieval.source_tree import Entry, SourceTree

_NAME = re.compile(r"(data|status)_(\d{4}-\d{2}-\d{2})\.json", re.IGNORECASE)
_LEGACY = re.compile(r"(data|status)\.json", re.IGNORECASE)
"""Copies made before 2020-04-21: ``data/PSEUDONYM/DATE/data.json``."""

_SUMMARY = "summary.json"


@dataclass(frozen=True)
class Version:
    """One clinical file.

    Attributes:
        path: Relative to the source.
        name: ``data_2020-05-14.json``, also for the legacy layout.
        is_data: A ``data_*`` file, of a positive patient; else a ``status_*`` file.
        uploaded: Day of the upload, from the name: nothing it states is later. None where the name holds no date.
        record: Its fields, ``SegmentationData`` merged; empty when it could not be used.
    """

    path: str
    name: str
    is_data: bool
    uploaded: date | None
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def centre(self) -> str:
        """Who sent it in, as written."""
        return text_of(self.record.get("SubmittingCentre"))


@dataclass(frozen=True)
class Versions:
    """Everything uploaded for one patient.

    Attributes:
        usable: Oldest first.
        current: The one that counts: the newest ``data_*``, else the newest ``status_*`` (NCCID FAQ).
        is_positive: Some ``data_*`` file was ever uploaded, even if it cannot be read.
        refused: Files that could not be used, with reason and message.
    """

    usable: tuple[Version, ...]
    current: Version | None
    is_positive: bool
    refused: tuple[tuple[str, Reason, str], ...]


def versions_of(tree: SourceTree, entries: Mapping[str, tuple[Entry, ...]]) -> Versions:
    """Read a patient's clinical files.

    Args:
        tree: Where they lie.
        entries: Files by the spelling of the pseudonym whose folder they lie in. Spellings differ in capitals only;
            where several hold files, one patient is claimed twice, and the files of all but the first are refused:
            whose they are cannot be known.
    """
    usable: list[Version] = []
    refused: list[tuple[str, Reason, str]] = []
    is_positive = False
    for number, spelling in enumerate(sorted(entries, key=_spelling)):
        for entry in entries[spelling]:
            version = _named(entry.path)
            if version is None:
                if not entry.path.lower().endswith(_SUMMARY):
                    refused.append(
                        (entry.path, Reason.BROKEN_RECORD, "It is named neither data_ nor status_DATE.json.")
                    )
                continue
            is_positive |= version.is_data and number == 0
            record = _record(tree, version, spelling)
            if isinstance(record, tuple):
                refused.append((entry.path, *record))
            elif number:
                message = "Its pseudonym is that of another file but for capitals; whose it is cannot be known."
                refused.append((entry.path, Reason.CLAIMED_TWICE, message))
            else:
                usable.append(replace(version, record=merged(record)))
    usable.sort(key=lambda version: (version.uploaded or date.min, version.is_data, version.path))
    of_kind = [version for version in usable if version.is_data is is_positive]
    return Versions(tuple(usable), of_kind[-1] if of_kind else None, is_positive, tuple(refused))


def merged(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with every ``OtherDataSources.SegmentationData`` merged into the object that contains it.

    At any depth, the nested value winning, as the official ingesters do.
    """
    flat = dict(record)
    others = flat.pop("OtherDataSources", None)
    nested = others.get("SegmentationData") if isinstance(others, Mapping) else None
    return {**flat, **merged(nested)} if isinstance(nested, Mapping) else flat


def text_of(value: object) -> str:
    """Return a value of any JSON type as stripped text that UTF-8 can hold; empty for null."""
    return "" if value is None else writable(str(value)).strip()


def _spelling(name: str) -> tuple[bool, str]:
    """The warehouse writes "Covid"; what differs from it is the drift."""
    return not name.startswith("Covid"), name


def _named(path: str) -> Version | None:
    folder, _, name = path.rpartition("/")
    if match := _NAME.fullmatch(name):
        kind, stated = match[1].lower(), match[2]
    elif match := _LEGACY.fullmatch(name):
        kind, stated = match[1].lower(), folder.rpartition("/")[2]
    else:
        return None
    try:
        uploaded = date.fromisoformat(stated)
    except ValueError:
        uploaded = None
    shown = f"{kind}_{uploaded}.json" if uploaded else f"{kind}.json"
    return Version(path, shown, kind == "data", uploaded)


def _record(tree: SourceTree, version: Version, spelling: str) -> dict[str, Any] | tuple[Reason, str]:
    """Return a clinical file's object, or why it is none."""
    try:
        record = json.loads(tree.read(version.path))
    except FailedScan as error:
        return error.reason, error.message
    except (ValueError, RecursionError):
        return Reason.BROKEN_RECORD, "It is not JSON."
    if not isinstance(record, dict):
        return Reason.BROKEN_RECORD, f"It holds a {type(record).__name__}, not an object."
    stated = text_of(record.get("Pseudonym")) or spelling
    if stated.upper() != spelling.strip().upper():
        return Reason.BROKEN_RECORD, "Its Pseudonym is not that of its folder; quarantined."
    return record
