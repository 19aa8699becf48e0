"""Destroys every artefact of a data agreement, and writes the inventory that a certificate of destruction needs."""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scankin.index_build.casebook import Casebook, is_casebook
from scankin.retrieval.errors import CasebookError, InvalidRequest
from scankin.retrieval.files import replaced, sha256_of
from scankin.retrieval.store import POINTER, VERSIONS, version_names

INVENTORY_SCHEMA = "scankin.destruction/1"


def expire(folders: Sequence[Path], inventory: Path) -> dict[str, Any]:
    """Destroy casebooks and stores whole, and return the inventory, which is also written.

    The inventory is written before anything is deleted and again afterwards, with what is gone: an interrupted run
    leaves the first, and is run again. The institution's key file is not deleted: other casebooks may need it.

    Args:
        folders: Casebooks and stores.
        inventory: File to write, outside of all of them.

    Raises:
        CasebookError: A folder is neither a casebook nor a store; nothing is deleted then.
        InvalidRequest: The inventory would lie in what is destroyed.
    """
    for folder in folders:
        if not is_casebook(folder) and not _is_store(folder):
            raise CasebookError(f"{folder.name}: it is neither a casebook nor a store. Nothing was deleted.")
        if folder.resolve() in inventory.resolve().parents:
            raise InvalidRequest("The inventory would lie in a folder that is destroyed. Name another place.")
    raw: dict[str, Any] = {
        "schema": INVENTORY_SCHEMA,
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "finished": None,
        "artefacts": [_artefact(folder) for folder in folders],
    }
    inventory.parent.mkdir(parents=True, exist_ok=True)
    replaced(inventory, _bytes(raw))
    for folder, artefact in zip(folders, raw["artefacts"], strict=True):
        shutil.rmtree(folder)
        artefact["destroyed"] = not folder.exists()
    raw["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
    replaced(inventory, _bytes(raw))
    return raw


def _artefact(folder: Path) -> dict[str, Any]:
    files = [
        {"file": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return {"folder": folder.name, "destroyed": False, **_described(folder), "files": files}


def _described(folder: Path) -> dict[str, Any]:
    if not is_casebook(folder):
        return {"kind": "store", "versions": version_names(folder)}
    book = Casebook.load(folder)
    terms = book.settings.licence_terms()
    return {
        "kind": "casebook",
        "licence": terms and terms.as_json(),
        "sources": {name: {"scans": s.scans, "patients": s.cases} for name, s in sorted(book.sources.items())},
        "patients": len(book.tables["cases"]),
        "withdrawn": len(book.tables["tombstones"]),
    }


def _is_store(folder: Path) -> bool:
    return (folder / POINTER).is_file() or (folder / VERSIONS).is_dir()


def _bytes(raw: dict[str, Any]) -> bytes:
    return json.dumps(raw, indent=1).encode()
