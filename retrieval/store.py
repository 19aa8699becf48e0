"""A store on disk: immutable versions of an index, one of them current. Reading side; publishing is in index_build.

Layout::

    STORE/current                            name of the current version
    STORE/versions/NUMBER-HASH/manifest.json SHA-256 and size of every other file; HASH is the manifest's own
    STORE/versions/NUMBER-HASH/...           see ``FILES``

The pointer names the hash of the manifest and the manifest holds the hashes of the files, so nothing that is loaded
goes unchecked: FAISS would serve a corrupted index without complaint.
"""

import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import StoreCorrupt, StoreMissing
from scankin.retrieval.estimates.calibration import calibration_of
from scankin.retrieval.gate.file import GATE, NO_GATES, gates_from
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.keys import Keyring
from scankin.retrieval.licence import Licence
from scankin.retrieval.locations import Locations
from scankin.retrieval.records import ScanRecord, cases_of
from scankin.retrieval.scan import Modality
from scankin.retrieval.thumbnails import Thumbnails
from scankin.retrieval.version import IndexVersion

STORE_SCHEMA = "scankin.store/1"
POINTER = "current"
VERSIONS = "versions"
MANIFEST = "manifest.json"
HASH_DIGITS = 16

SCANS, CASES, ALIASES, SECRET, PICTURES, CALIBRATION = (
    "scans.parquet",
    "cases.parquet",
    "aliases.parquet",
    "secret.key",
    "thumbnails.arrow",
    "calibration.json",
)
SCORES = "prognosis.npz"
"""Beside the calibration."""
PLACES = "locations.arrow"
"""Only in versions that were built with explanations."""
FAISS_FILES = {Modality.XRAY: "xray.faiss", Modality.CT: "ct.faiss"}

ALIAS_FIELDS = pa.schema(
    [pa.field("alias", pa.string(), nullable=False), pa.field("patient", pa.string(), nullable=False)]
)


@dataclass(frozen=True)
class Manifest:
    """What one version holds and what made it.

    Attributes:
        created: ISO 8601, UTC.
        encoder: What made its vectors.
        casebook: Hash of the casebook it was built from.
        counts: Scans and patients by modality, and scans that the build refused.
        libraries: Versions of the libraries that took part.
        files: SHA-256 (hex) and size in bytes by file name.
        licence: Under what terms its data may be used; None when the casebook's owner set none.
        gates: What refuses outsiders, or why nothing does, by modality.
    """

    created: str
    encoder: EncoderIdentity
    casebook: str
    counts: Mapping[str, Mapping[str, int]]
    libraries: Mapping[str, str]
    files: Mapping[str, tuple[str, int]]
    licence: Licence | None = None
    gates: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """SHA-256 (hex) of all but the time and the libraries: equal for a rebuild of the same data.

        A gate follows from the rest of the version, and its last bits from how many threads fitted it: what it was
        fitted on counts, its bytes do not.
        """
        licence = self.licence and self.licence.as_json()
        files = {name: held for name, held in self.files.items() if name != GATE}
        fixed = [self.encoder.digest, self.casebook, self.counts, files, licence, self.gates]
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the manifest as it is written."""
        return json.dumps(
            {
                "schema": STORE_SCHEMA,
                "created": self.created,
                "encoder": vars(self.encoder),
                "casebook": self.casebook,
                "counts": self.counts,
                "libraries": self.libraries,
                "licence": self.licence and self.licence.as_json(),
                "gates": dict(self.gates),
                "files": {name: {"sha256": sha, "bytes": size} for name, (sha, size) in self.files.items()},
            },
            indent=1,
            sort_keys=True,
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes, version: str) -> Self:
        """Return the manifest of the bytes of its file.

        Raises:
            StoreCorrupt: It is not a manifest of this format.
        """
        try:
            raw: dict[str, Any] = json.loads(data)
            if raw["schema"] != STORE_SCHEMA:
                raise StoreCorrupt(f"{version}: the store has format {raw['schema']!r}; {STORE_SCHEMA!r} is read.")
            return cls(
                created=raw["created"],
                encoder=EncoderIdentity(**raw["encoder"]),
                casebook=raw["casebook"],
                counts=raw["counts"],
                libraries=raw["libraries"],
                files={name: (entry["sha256"], entry["bytes"]) for name, entry in raw["files"].items()},
                licence=Licence.from_json(raw.get("licence")),
                gates=raw.get("gates", {}),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreCorrupt(f"{version}: {MANIFEST} is not a manifest. Roll back or rebuild.") from error


def version_names(store: Path) -> list[str]:
    """Return the names of all complete versions, oldest first."""
    folder = store / VERSIONS
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def current_name(store: Path) -> str:
    """Return the name of the current version.

    Raises:
        StoreMissing: There is no store, or it has no current version.
    """
    try:
        name = (store / POINTER).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing("There is no published index in that folder. Build one: scankin-index build.") from None
    except UnicodeDecodeError as error:
        raise StoreCorrupt(f"The pointer file {POINTER!r} is not a version name. Roll back or rebuild.") from error
    if name not in version_names(store):
        raise StoreCorrupt(f"The pointer file {POINTER!r} names a version that is not there. Roll back or rebuild.")
    return name


def read_manifest(store: Path, version: str) -> tuple[Manifest, str]:
    """Return a version's manifest and its SHA-256 (hex), checked against the version's name.

    Raises:
        StoreMissing: There is no such version.
        StoreCorrupt: The manifest is not the one the version was published with.
    """
    try:
        data = (store / VERSIONS / version / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissing(f"The store has no version {version!r}.") from None
    digest = hashlib.sha256(data).hexdigest()
    if not version.endswith("-" + digest[:HASH_DIGITS]):
        raise StoreCorrupt(
            f"{version}: {MANIFEST} does not match the hash in the version's name. Roll back or rebuild."
        )
    return Manifest.from_bytes(data, version), digest


def check_files(store: Path, version: str) -> Manifest:
    """Check every file of a version against its manifest and return the manifest.

    Raises:
        StoreMissing: The version or a file is missing.
        StoreCorrupt: A file differs from the manifest, or there is one the manifest does not name.
    """
    manifest, _ = read_manifest(store, version)
    folder = store / VERSIONS / version
    extra = {entry.name for entry in folder.iterdir()} - set(manifest.files) - {MANIFEST}
    if extra:
        raise StoreCorrupt(f"{version}: {sorted(extra)[0]} is not in the manifest. Remove it, or rebuild.")
    for name in manifest.files:
        with _opened(folder, name) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        _require_hash(manifest, version, name, digest)
    return manifest


def load_version(store: Path, version: str | None = None, *, is_for_use: bool = True) -> IndexVersion:
    """Load a version, the current one unless named, every file checked against its hash.

    Args:
        store: Its folder.
        version: Name of the version.
        is_for_use: False for what must be possible after the licence ended too: taking patients out.

    Raises:
        LicenceExpired: The last day on which its data may be used is past.
        StoreMissing: There is no such store, version or file.
        StoreCorrupt: A hash, count or format does not agree.
    """
    version = version or current_name(store)
    manifest, manifest_hash = read_manifest(store, version)
    if manifest.licence is not None and is_for_use:
        manifest.licence.require_valid()
    folder = store / VERSIONS / version

    def content(name: str) -> bytes:
        with _opened(folder, name) as file:
            data = file.read()
        _require_hash(manifest, version, name, hashlib.sha256(data).hexdigest())
        return data

    records: dict[Modality, list[ScanRecord]] = defaultdict(list)
    for row in _table(content(SCANS)).to_pylist():
        record = ScanRecord.from_row(row)
        records[record.modality].append(record)
    aliases: dict[str, list[str]] = defaultdict(list)
    for row in _table(content(ALIASES)).to_pylist():
        aliases[row["alias"]].append(row["patient"])
    indexes = {
        modality: ScanIndex(held, _faiss_index(content(FAISS_FILES[modality]), version), manifest.encoder)
        for modality, held in sorted(records.items())
    }
    for name in (PICTURES, *([PLACES] if PLACES in manifest.files else [])):
        with _opened(folder, name) as file:
            _require_hash(manifest, version, name, hashlib.file_digest(file, "sha256").hexdigest())
    return IndexVersion(
        name=version,
        manifest_hash=manifest_hash,
        encoder=manifest.encoder,
        indexes=indexes,
        cases={case.patient: case for case in cases_of(_table(content(CASES)))},
        aliases={alias: tuple(patients) for alias, patients in aliases.items()},
        keyring=Keyring(content(SECRET)),
        thumbnails=Thumbnails(folder / PICTURES),
        created=manifest.created,
        licence=manifest.licence,
        locations=Locations(folder / PLACES) if PLACES in manifest.files else None,
        # A version published before there were gates has none.
        gates=gates_from(content(GATE), indexes) if GATE in manifest.files else NO_GATES,
        # Versions published before there were estimates have none.
        calibration=(
            calibration_of(content(CALIBRATION), content(SCORES), version) if CALIBRATION in manifest.files else None
        ),
    )


def _opened(folder: Path, name: str) -> io.BufferedReader:
    try:
        return (folder / name).open("rb")
    except FileNotFoundError:
        raise StoreMissing(f"{folder.name}: {name} is missing. Roll back or rebuild.") from None


def _require_hash(manifest: Manifest, version: str, name: str, digest: str) -> None:
    if name not in manifest.files:
        raise StoreCorrupt(f"{version}: the manifest does not name {name}. Roll back or rebuild.")
    if digest != manifest.files[name][0]:
        raise StoreCorrupt(f"{version}: {name} does not match its hash in the manifest. Roll back or rebuild.")


def _table(data: bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(data))


def _faiss_index(data: bytes, version: str) -> Any:
    try:
        return faiss.deserialize_index(np.frombuffer(data, np.uint8))
    except RuntimeError as error:
        raise StoreCorrupt(f"{version}: a FAISS file cannot be read. Roll back or rebuild.") from error
