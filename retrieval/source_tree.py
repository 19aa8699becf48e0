"""Where a source's files lie: a folder, or a bucket of an object store. Both are listed, read and fetched alike."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from scankin.retrieval.errors import CasebookError, FailedScan, Reason

BUCKET_THREADS = 16
"""Requests to a bucket under way at a time; a folder is read by one thread."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a listing.

    Attributes:
        path: Relative to the source, with "/".
        stamp: Changes when the content does: size with time of change, or with the object's ETag.
        size_bytes: None where the listing does not tell.
    """

    path: str
    stamp: str
    size_bytes: int | None = None


@dataclass(frozen=True)
class Listing:
    """What lies under one folder.

    Attributes:
        files: All files below it, sorted by path; hidden ones and those in hidden folders left out.
        closed: Folders (relative to the source) that could not be listed, with the reason.
    """

    files: tuple[Entry, ...]
    closed: tuple[tuple[str, str], ...] = ()


class SourceTree(Protocol):
    """A folder or a bucket."""

    name: str
    """For messages."""

    address: str
    """What ``open_tree`` opens it by again."""

    threads: int
    """How many may use it at a time with gain."""

    def folders(self, path: str = "") -> list[str]:
        """Return the names of the folders directly under ``path``, sorted; empty when there is no such folder.

        Raises:
            FailedScan: It may not be listed.
        """

    def listing(self, path: str, *, is_deep: bool = True) -> Listing:
        """Return the files under ``path``, with those of its folders when ``is_deep``; empty when it is not there."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            FailedScan: It is not there, or cannot be read.
        """

    def stamp(self, path: str) -> str:
        """Return a file's stamp.

        Raises:
            FailedScan: It is not there, or cannot be read.
        """

    def fetched(self, files: Iterable[str]) -> AbstractContextManager[Path]:
        """Return a folder that holds these files at their relative paths for as long as the context lasts.

        Raises:
            FailedScan: One is not there, or cannot be read.
        """


def open_tree(address: str) -> SourceTree:
    """Return the tree of a folder's path, which need not exist, or of a URL such as ``s3://bucket/training``.

    Raises:
        CasebookError: No part that reads such a URL is installed.
    """
    return BucketTree(address) if "://" in address else FolderTree(Path(address))


class FolderTree:
    """A folder of this machine."""

    threads = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.address = str(folder.resolve())

    def folders(self, path: str = "") -> list[str]:
        """See ``SourceTree``."""
        try:
            with os.scandir(self.folder / path) as entries:
                return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(error) from error

    def listing(self, path: str, *, is_deep: bool = True) -> Listing:
        """See ``SourceTree``."""
        files: list[Entry] = []
        closed: list[tuple[str, str]] = []
        self._list(path, files, closed, is_deep=is_deep)
        return Listing(tuple(sorted(files, key=lambda entry: entry.path)), tuple(sorted(closed)))

    def _list(self, path: str, files: list[Entry], closed: list[tuple[str, str]], *, is_deep: bool) -> None:
        try:
            with os.scandir(self.folder / path) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    below = f"{path}/{entry.name}" if path else entry.name
                    if entry.is_dir():
                        if is_deep:
                            self._list(below, files, closed, is_deep=True)
                    else:
                        status = entry.stat()
                        files.append(Entry(below, _stamp(status), status.st_size))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            closed.append((path, error.strerror or "unknown error"))

    def read(self, path: str) -> bytes:
        """See ``SourceTree``."""
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise _unreadable(error) from error

    def stamp(self, path: str) -> str:
        """See ``SourceTree``."""
        try:
            return _stamp((self.folder / path).stat())
        except OSError as error:
            raise _unreadable(error) from error

    def fetched(self, files: Iterable[str]) -> AbstractContextManager[Path]:  # noqa: ARG002 - they lie here already
        """See ``SourceTree``: the folder itself."""
        return nullcontext(self.folder)


class BucketTree:
    """A bucket, or a folder in one, through fsspec; requests that fail in passing are repeated by its client.

    Credentials, region and endpoint come from the environment (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL`` ...) or the
    files of the AWS tools; they are never stored.
    """

    threads = BUCKET_THREADS

    def __init__(self, url: str) -> None:
        try:
            import fsspec  # noqa: PLC0415 - only those who read buckets need it
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415

            self._fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise CasebookError(
                f"This address cannot be opened: {error}. Buckets need pip install 'scankin[s3]'."
            ) from None
        self._errors: tuple[type[Exception], ...] = (OSError, BotoCoreError)
        self._root = root.rstrip("/")
        self.name = self._root.rpartition("/")[2]
        self.address = url.rstrip("/")

    def folders(self, path: str = "") -> list[str]:
        """See ``SourceTree``."""
        try:
            found = self._fs.ls(self._at(path), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        except self._errors as error:
            raise _unreachable(error) from error
        names = [self._relative(item["name"]).rpartition("/")[2] for item in found if item["type"] == "directory"]
        return sorted(name for name in names if name and not name.startswith("."))

    def listing(self, path: str, *, is_deep: bool = True) -> Listing:
        """See ``SourceTree``."""
        try:
            # "depth" would list folders; a flat listing of everything under a prefix takes fewest requests
            found = self._fs.find(self._at(path), detail=True, maxdepth=None if is_deep else 1, refresh=True)
        except FileNotFoundError:
            return Listing(())
        except self._errors as error:
            return Listing((), ((path, _said(error)),))
        finally:
            self._fs.invalidate_cache()  # a million names are not kept in memory
        entries = [Entry(self._relative(name), _object_stamp(item), item.get("size")) for name, item in found.items()]
        shown = [entry for entry in entries if not any(part.startswith(".") for part in entry.path.split("/"))]
        return Listing(tuple(sorted(shown, key=lambda entry: entry.path)))

    def read(self, path: str) -> bytes:
        """See ``SourceTree``."""
        try:
            data: bytes = self._fs.cat_file(self._at(path))
        except self._errors as error:
            raise _unreachable(error) from error
        return data

    def stamp(self, path: str) -> str:
        """See ``SourceTree``."""
        try:
            return _object_stamp(self._fs.info(self._at(path), refresh=True))
        except self._errors as error:
            raise _unreachable(error) from error

    @contextmanager
    def fetched(self, files: Iterable[str]) -> Iterator[Path]:
        """See ``SourceTree``: a temporary folder, gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="scankin-"))
        try:
            for file in files:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(file))
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}".rstrip("/")

    def _relative(self, name: str) -> str:
        return name.rstrip("/").removeprefix(self._root).lstrip("/")


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}"


def _object_stamp(item: dict[str, Any]) -> str:
    return f"{item.get('size')}:{item.get('ETag') or item.get('LastModified')}"


def _unreadable(error: OSError) -> FailedScan:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FailedScan(Reason.MISSING_FILE, "A file that the collection lists is not there.")
    return FailedScan(Reason.UNREADABLE_FILE, f"A file cannot be read: {error.strerror}.")


def _unreachable(error: Exception) -> FailedScan:
    if isinstance(error, FileNotFoundError):
        return FailedScan(Reason.MISSING_FILE, "A file that the collection lists is not there.")
    if isinstance(error, PermissionError):
        return FailedScan(Reason.UNREADABLE_FILE, "A file cannot be read: the bucket denies access.")
    return FailedScan(Reason.UNREACHABLE, f"The bucket did not answer ({_said(error)}). Run again to go on from here.")


def _said(error: Exception) -> str:
    """An error in a word: a client's full text may name the object, and so a patient."""
    return "access denied" if isinstance(error, PermissionError) else type(error).__name__
