"""Making a new version of a store current, whole or not at all."""

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import StoreFull, StoreLocked, StoreMissing
from scankin.retrieval.files import replaced, sha256_of, sync_file, sync_folder
from scankin.retrieval.gate.file import GATE, notes_in
from scankin.retrieval.licence import Licence
from scankin.retrieval.store import (
    HASH_DIGITS,
    MANIFEST,
    POINTER,
    VERSIONS,
    Manifest,
    check_files,
    current_name,
    read_manifest,
    version_names,
)

LOCK = ".lock"
_UNFINISHED = ".unfinished-"


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold the store's lock; the death of the holder frees it.

    Raises:
        StoreLocked: Another process holds it.
    """
    store.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(store / LOCK, timeout=0):
            yield
    except Timeout:
        raise StoreLocked("Another process is publishing to this store. Try again when it has finished.") from None


def publish(
    store: Path,
    write: Callable[[Path], None],
    *,
    encoder: EncoderIdentity,
    casebook: str,
    counts: dict[str, dict[str, int]],
    libraries: dict[str, str],
    licence: Licence | None = None,
) -> tuple[str, bool]:
    """Publish a new version and return its name and whether it is new.

    ``write`` fills an empty folder; every file is hashed and synced, the folder renamed into place, and the pointer
    renamed last. A crash at any point leaves the old version current. Content equal to the current version's is not
    published again.

    Raises:
        StoreLocked: Another process is publishing.
        StoreFull: The disk refused a write; nothing was published and what was written is gone.
    """
    with locked(store):
        versions = store / VERSIONS
        versions.mkdir(exist_ok=True)
        _sweep(versions)
        folder = versions / f"{_UNFINISHED}{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        try:
            folder.mkdir()
            write(folder)
            manifest = Manifest(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                encoder=encoder,
                casebook=casebook,
                counts=counts,
                libraries=libraries,
                licence=licence,
                gates=notes_in((folder / GATE).read_bytes()) if (folder / GATE).exists() else {},
                files={path.name: _hashed(path) for path in sorted(folder.iterdir())},
            )
            same = _current_if_same(store, manifest)
            if same:
                return same, False
            data = manifest.to_bytes()
            replaced(folder / MANIFEST, data)
            name = f"{_next_number(store):04d}-{hashlib.sha256(data).hexdigest()[:HASH_DIGITS]}"
            folder.rename(versions / name)
            sync_folder(versions)
            replaced(store / POINTER, f"{name}\n".encode())
            return name, True
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
                raise StoreFull(
                    f"Nothing was published, the old version stays: {error.strerror}. Free space and build again."
                ) from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def roll_back(store: Path, version: str | None = None) -> str:
    """Make an older version current, by default the one before the current, and return its name.

    The version is checked in full first.

    Raises:
        StoreMissing: There is no such version, or none before the current.
        StoreCorrupt: The version does not match its manifest.
    """
    with locked(store):
        names = version_names(store)
        if version is None:
            # A pointer that is itself damaged must not stop a rollback: then the newest version is taken.
            pointer = (store / POINTER).read_text(encoding="utf-8", errors="replace").strip() if names else ""
            older = [name for name in names if name < pointer] if pointer in names else names
            if not older:
                raise StoreMissing("The store has no version before the current one.")
            version = older[-1]
        elif version not in names:
            raise StoreMissing(f"The store has no version {version!r}. There are: {', '.join(names) or 'none'}.")
        check_files(store, version)
        replaced(store / POINTER, f"{version}\n".encode())
        return version


def discard_versions(store: Path, names: Sequence[str]) -> None:
    """Delete versions for good; where the current one is among them, the store has none afterwards.

    Raises:
        StoreLocked: Another process is publishing.
    """
    with locked(store):
        _sweep(store / VERSIONS)
        pointer = store / POINTER
        if pointer.is_file() and pointer.read_text(encoding="utf-8", errors="replace").strip() in names:
            pointer.unlink()
            sync_folder(store)
        for name in names:
            shutil.rmtree(store / VERSIONS / name)
        sync_folder(store / VERSIONS)


def _sweep(versions: Path) -> None:
    """Remove what an interrupted publication left behind; the lock is held, so none is under way."""
    for left in versions.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left)


def _hashed(path: Path) -> tuple[str, int]:
    sync_file(path)
    return sha256_of(path), path.stat().st_size


def _current_if_same(store: Path, manifest: Manifest) -> str | None:
    if not (store / POINTER).is_file():
        return None
    name = current_name(store)
    held, _ = read_manifest(store, name)
    return name if held.content == manifest.content else None


def _next_number(store: Path) -> int:
    return max((int(name.partition("-")[0]) for name in version_names(store)), default=0) + 1
