"""Writes the sheets of a reader study into one folder, and their key elsewhere."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

from scankin.api.blind.sheet import RANDOM, Sheet, sheet_of
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.files import replaced
from scankin.retrieval.pages import environment_of
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import MAX_K, Retriever
from scankin.retrieval.scan import Scan

KEY_SCHEMA = "scankin.blind-key/1"
TEMPLATE = "sheet.html.j2"
SCALE = 5
"""Steps from not alike to alike that a reader may tick."""


def require_apart(folder: Path, key: Path) -> None:
    """Check that a study can be written: into an empty folder, its key outside of it and over no other key.

    Raises:
        InvalidRequest: One of them is not so.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequest("The folder for sheets is not empty. Name a new or empty one.")
    if key.resolve().is_relative_to(folder.resolve()):
        raise InvalidRequest("The key would lie among the sheets, where readers see it. Name a file outside of them.")
    if key.exists():
        raise InvalidRequest("The key's file is there already: it may be another study's. Name a new one.")


def blind(
    scans: Sequence[Scan], retriever: Retriever, folder: Path, key: Path, *, k: int, random: int, seed: int
) -> tuple[Sheet, ...]:
    """Write a sheet for every scan, and the key; all of them or none.

    Args:
        scans: Queries, in the order of the sheets.
        retriever: Of the index.
        folder: For the sheets; made when it is not there.
        key: JSON to write, readable by its owner alone.
        k: Similar patients a sheet, at least 1.
        random: Random patients a sheet, at least 1.
        seed: The same gives the same sheets.

    Raises:
        InvalidRequest: The folder or key is taken, or a number is out of range.
        RefusedScan: A scan cannot be answered.
    """
    require_apart(folder, key)
    if random < 1:
        raise InvalidRequest(f"{random} random cases are asked for; at least 1 is needed to hide the similar ones.")
    if not 1 <= k <= MAX_K or seed < 0:
        raise InvalidRequest(f"k is 1 to {MAX_K}, and a seed is not negative.")
    sheets = tuple(
        sheet_of(retriever, scan, number, k=k, random=random, seed=seed) for number, scan in enumerate(scans, start=1)
    )
    folder.mkdir(parents=True, exist_ok=True)
    # The key first: sheets without one are lost work.
    key.parent.mkdir(parents=True, exist_ok=True)
    replaced(key, json.dumps(_key(sheets, retriever, k, random, seed), indent=1).encode(), mode=0o600)
    for sheet in sheets:
        replaced(folder / sheet.name, page(sheet).encode())
    return sheets


def random_missing(sheets: Sequence[Sheet], random: int) -> int:
    """Return how many random cases fewer than asked for the sheets hold, since no more patients may answer."""
    return sum(random - sum(case.kind == RANDOM for case in sheet.cases) for sheet in sheets)


def page(sheet: Sheet) -> str:
    """Return a sheet as one HTML file that asks nothing of any network and tells nothing but pictures and codes."""
    return (
        environment_of(Path(__file__).parent)
        .get_template(TEMPLATE)
        .render(
            number=sheet.number,
            query=_inline(sheet.picture),
            cases=[(case.code, _inline(case.picture)) for case in sheet.cases],
            steps=range(1, SCALE + 1),
            notice=NOTICE,
        )
    )


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _key(sheets: Sequence[Sheet], retriever: Retriever, k: int, random: int, seed: int) -> dict[str, object]:
    version = retriever.version
    return {
        "schema": KEY_SCHEMA,
        "seed": seed,
        "k": k,
        "random": random,
        "index": {"version": version.name, "manifest": version.manifest_hash, "encoder": version.encoder.name},
        "sheets": [sheet.as_json() for sheet in sheets],
        "notice": NOTICE,
    }
