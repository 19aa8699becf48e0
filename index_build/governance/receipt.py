"""What a withdrawal leaves behind: evidence without a name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced

RECEIPT_SCHEMA = "scankin.withdrawal/1"
FOLDER = "receipts"


@dataclass(frozen=True)
class Receipt:
    """One withdrawal.

    Attributes:
        made: ISO 8601, UTC.
        listed: Ids on the list.
        patients: Of them, known to the casebook or the store; the others leave a tombstone only.
        removed: How many of what were removed, by artefact.
        marks: Keyed hashes of what was removed: scans, pixel hashes, files, vectors, thumbnails. An item that comes
            back has the same mark; no mark tells the item.
        manifests: SHA-256 of casebook and store manifest, before and after; None where there is none.
        versions_destroyed: Names of store versions that held them.
        weights: Name, SHA-256 and number of withdrawn patients of weights that were fitted on some of them.
    """

    made: str
    listed: int
    patients: int
    removed: Mapping[str, int]
    marks: Mapping[str, list[str]] = field(repr=False)
    manifests: Mapping[str, tuple[str | None, str | None]]
    versions_destroyed: tuple[str, ...]
    weights: tuple[tuple[str, str, int], ...]

    def write(self, path: Path) -> None:
        """Write the receipt as JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = {"schema": RECEIPT_SCHEMA, **vars(self)}
        replaced(path, json.dumps(raw, indent=1, sort_keys=True).encode())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return a written receipt.

        Raises:
            CasebookError: It is none.
        """
        try:
            raw: dict[str, Any] = json.loads(path.read_bytes())
            if raw.pop("schema") != RECEIPT_SCHEMA:
                raise ValueError("another schema")
            raw["manifests"] = {name: (pair[0], pair[1]) for name, pair in raw["manifests"].items()}
            raw["weights"] = tuple((name, sha, count) for name, sha, count in raw["weights"])
            return cls(**{**raw, "versions_destroyed": tuple(raw["versions_destroyed"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CasebookError(f"{path.name}: it is no receipt of a withdrawal.") from error
