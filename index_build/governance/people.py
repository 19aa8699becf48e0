"""Who is meant by a list of ids: every key by which a casebook and a store know them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scankin.index_build.casebook import Casebook
from scankin.retrieval.keys import normalised
from scankin.retrieval.store import load_version, version_names
from scankin.retrieval.version import IndexVersion

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


def loaded_versions(store: Path | None) -> tuple[IndexVersion, ...]:
    """Return every version of a store, oldest first, also after its licence ended; none where there is no store."""
    if store is None:
        return ()
    return tuple(load_version(store, name, is_for_use=False) for name in version_names(store))


def people_of(listed: Iterable[str], book: Casebook, versions: Sequence[IndexVersion]) -> People:
    """Return the people of a list of pseudonyms, or of keys such as an ingest writes of those who vanished.

    Args:
        listed: Ids or keys.
        book: Whose keys are meant.
        versions: Of its store; patients that the casebook lost may still be there.
    """
    named = list(listed)
    keys = {name for name in named if _KEY.fullmatch(name)}
    ids = {normalised(name) for name in named if name not in keys}
    ring = book.keyring
    by_alias = _patients_by_alias(book, versions)
    aliases = {ring.alias(name) for name in ids}
    patients = keys | {ring.patient(source, name) for source in book.sources for name in ids}
    patients |= {patient for alias in aliases for patient in by_alias.get(alias, ())}
    aliases |= {alias for alias, known in by_alias.items() if known & patients}
    tombstones = {ring.tombstone(name) for name in ids} | {ring.tombstone(patient) for patient in patients}
    return People(frozenset(ids), frozenset(patients), frozenset(aliases), frozenset(tombstones))


def _patients_by_alias(book: Casebook, versions: Sequence[IndexVersion]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in book.tables["aliases"].to_pylist():
        found.setdefault(row["alias"], set()).add(row["patient"])
    for version in versions:
        for alias, patients in version.aliases.items():
            found.setdefault(alias, set()).update(patients)
    return found
