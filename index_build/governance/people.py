"""Who is meant by a list of ids: every key by which a casebook and a store know them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scankin.index_build.casebook import Casebook
from scankin.retrieval.keys import normalised
from scankin.retrieval.store import load_version, version_names

_KEY = re.compile(r"p[0-9a-f]{15}")


@dataclass(frozen=True)
class People:
    """Patients to be taken out, by every name.

    Attributes:
        ids: Pseudonyms, as they are compared; those given by key only have none.
        patients: Their keys in any source.
        aliases: Keyed hashes by which a query's PatientID finds them.
        tombstones: Keyed hashes that stop them from coming back.
    """

    ids: frozenset[str]
    patients: frozenset[str]
    aliases: frozenset[str]
    tombstones: frozenset[str]


def people_of(listed: Iterable[str], book: Casebook, store: Path | None) -> People:
    """Return the people of a list of pseudonyms, or of keys such as an ingest writes of those who vanished.

    Args:
        listed: Ids or keys.
        book: Whose keys are meant.
        store: Its index; patients that the casebook lost may still be there.
    """
    named = list(listed)
    keys = {name for name in named if _KEY.fullmatch(name)}
    ids = {normalised(name) for name in named if name not in keys}
    ring = book.keyring
    by_alias = _patients_by_alias(book, store)
    aliases = {ring.alias(name) for name in ids}
    patients = keys | {ring.patient(source, name) for source in book.sources for name in ids}
    patients |= {patient for alias in aliases for patient in by_alias.get(alias, ())}
    aliases |= {alias for alias, known in by_alias.items() if known & patients}
    tombstones = {ring.tombstone(name) for name in ids} | {ring.tombstone(patient) for patient in patients}
    return People(frozenset(ids), frozenset(patients), frozenset(aliases), frozenset(tombstones))


def _patients_by_alias(book: Casebook, store: Path | None) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in book.tables["aliases"].to_pylist():
        found.setdefault(row["alias"], set()).add(row["patient"])
    for name in version_names(store) if store else ():
        for alias, patients in load_version(store or Path(), name, is_for_use=False).aliases.items():
            found.setdefault(alias, set()).update(patients)
    return found
