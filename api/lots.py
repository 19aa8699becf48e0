"""What is scored together: everything on this machine, or some folders of a bucket, fetched while others are scored."""

import hashlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from scankin.api.inputs import Inputs, Stated
from scankin.retrieval.errors import FailedScan, Reason, ScanError
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import FoundScan, ReadingPool, find_scans
from scankin.retrieval.reading.content import too_large
from scankin.retrieval.reading.folder import is_companion
from scankin.retrieval.reading.limits import DEFAULT_LIMITS
from scankin.retrieval.source_tree import BUCKET_THREADS, Entry, SourceTree, open_tree

FILES_OF_A_LOT = 128
"""From this many files on, no further folder of a bucket joins a lot; two lots lie on the disk at a time."""


@dataclass(frozen=True)
class KeyedScan:
    """A scan to score.

    Attributes:
        key: Hash of its name, of what is said of it, and of its files' sizes and times of change.
        scan: Its name is the user's, its paths may be of a temporary copy.
        said: What a list says of it.
    """

    key: str
    scan: FoundScan
    said: Stated


@dataclass(frozen=True, eq=False)
class Lot:
    """Some of the inputs.

    Attributes:
        inputs: All of them: what lists say.
        key: Of all its files, where they can be told without reading them; None for those of this machine.
        paths: On this machine; empty for a lot of a bucket.
        tree: The bucket; None for this machine.
        files: Of the bucket.
        error: Why the bucket's part could not be listed; None when it could.
    """

    inputs: Inputs
    key: str | None = None
    paths: tuple[Path, ...] = ()
    tree: SourceTree | None = None
    files: tuple[Entry, ...] = ()
    error: ScanError | None = None

    @contextmanager
    def opened(self, pool: ReadingPool) -> Iterator[list[KeyedScan]]:
        """Yield its scans, in the order of their first files; their files are there for as long as the context."""
        if self.tree is None:
            yield [keyed(scan, self.inputs) for scan in find_scans(self.paths, pool, pictures=True)]
        elif self.error is not None:
            yield [_keyed(FoundScan(self.tree.address, (), None, self.error), (), Stated())]
        else:
            with _fetched(self.tree, self.files) as (folder, missing):
                yield list(self._of_bucket(self.tree, folder, missing, pool))

    def _of_bucket(
        self, tree: SourceTree, folder: Path, missing: Mapping[str, ScanError], pool: ReadingPool
    ) -> Iterator[KeyedScan]:
        stamps = {entry.path: entry.stamp for entry in self.files}
        for path, error in sorted(missing.items()):
            name = _address(tree, path)
            yield _keyed(FoundScan(name, (), None, error), [stamps[path]], self.inputs.said_of(name))
        there = [folder / entry.path for entry in self.files if entry.path not in missing]
        for scan in find_scans(there, pool, pictures=True):
            held = [path.relative_to(folder).as_posix() for path in scan.paths]
            name = _address(tree, Path(scan.name).relative_to(folder).as_posix())
            said = self.inputs.said_of(name, _address(tree, held[0]))
            yield _keyed(replace(scan, name=name), [stamps[path] for path in held], said)


def keyed(scan: FoundScan, inputs: Inputs) -> KeyedScan:
    """Return a scan of this machine with its key and what a list says of it."""
    return _keyed(scan, _stamps(scan.paths), inputs.said_of(scan.name, str(scan.paths[0])))


def lots_of(inputs: Inputs) -> list[Lot]:
    """Return the lots of the inputs: one of all that is on this machine, then those of the buckets in order.

    A CT series of a bucket must lie in one folder of it.

    Raises:
        CasebookError: No part that reads such a URL is installed.
    """
    lots = [Lot(inputs, paths=inputs.paths)] if inputs.paths else []
    objects: dict[str, list[Entry]] = defaultdict(list)
    with ThreadPoolExecutor(BUCKET_THREADS) as threads:
        listed = list(threads.map(_listed, inputs.addresses))
    for tree, entries, error in listed:
        if error is not None:
            lots.append(Lot(inputs, tree=tree, error=error))
        elif [entry.path for entry in entries] == [""]:  # the address is of one object
            around, _, name = tree.address.rpartition("/")
            objects[around].append(replace(entries[0], path=name))
        else:
            lots += _tree_lots(inputs, tree, entries)
    for around, entries in objects.items():
        lots += _tree_lots(inputs, open_tree(around), entries)
    return lots


def opened_lots(lots: Sequence[Lot], pool: ReadingPool) -> Iterator[tuple[Lot, list[KeyedScan]]]:
    """Yield each lot with its scans; the files of the next are fetched meanwhile, those of the last deleted."""

    def begun(lot: Lot) -> tuple[ExitStack, Future[list[KeyedScan]]]:
        stack = every.enter_context(ExitStack())
        return stack, ahead.submit(lambda: stack.enter_context(lot.opened(pool)))

    with ExitStack() as every, ThreadPoolExecutor(1) as ahead:
        following = begun(lots[0]) if lots else None
        for number, lot in enumerate(lots, start=1):
            if following is None:
                return
            stack, found = following
            scans = found.result()
            following = begun(lots[number]) if number < len(lots) else None
            yield lot, scans
            stack.close()


def _keyed(scan: FoundScan, stamps: Iterable[str], said: Stated) -> KeyedScan:
    return KeyedScan(_hash_of(scan.name, repr(astuple(said)), *stamps), scan, said)


def _stamps(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        try:
            status = path.stat()
            yield f"{path}\0{status.st_size}:{status.st_mtime_ns}"
        except OSError:
            yield f"{path}\0missing"


def _hash_of(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode(errors="surrogateescape") + b"\0\0")
    return digest.hexdigest()


def _listed(address: str) -> tuple[SourceTree, Sequence[Entry], ScanError | None]:
    """Return the tree of an address, the files meant, one called "" where it is a file, and why they cannot be told."""
    tree = open_tree(address)
    listing = tree.listing("")
    if listing.closed:
        return tree, (), FailedScan(Reason.UNREACHABLE, f"The bucket cannot be listed: {listing.closed[0][1]}.")
    files = [entry for entry in listing.files if not is_companion(entry.path.rpartition("/")[2])]
    if not files:
        return tree, (), FailedScan(Reason.MISSING_FILE, "The bucket holds no scan under this address.")
    return tree, files, None


def _tree_lots(inputs: Inputs, tree: SourceTree, entries: Iterable[Entry]) -> Iterator[Lot]:
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        folders[entry.path.rpartition("/")[0]].append(entry)
    held: list[Entry] = []
    left = len(folders)
    for files in folders.values():
        held += files
        left -= 1
        if len(held) >= FILES_OF_A_LOT or not left:
            marks = [f"{entry.path}\0{entry.stamp}\0{inputs.said_of(_address(tree, entry.path))}" for entry in held]
            yield Lot(inputs, key=_hash_of(tree.address, *marks), tree=tree, files=tuple(held))
            held = []


def _address(tree: SourceTree, path: str) -> str:
    return tree.address if path == "." else f"{tree.address}/{path}"


@contextmanager
def _fetched(tree: SourceTree, files: Iterable[Entry]) -> Iterator[tuple[Path, Mapping[str, ScanError]]]:
    """Yield a folder that holds what could be fetched, and why the rest could not, by path."""
    folder = Path(tempfile.mkdtemp(prefix="scankin-"))

    def fetch(entry: Entry) -> ScanError | None:
        limit = DEFAULT_LIMITS.file_bytes
        if entry.size_bytes is not None and entry.size_bytes > limit:
            return too_large(entry.size_bytes, limit)
        try:
            data = tree.read(entry.path)
        except ScanError as error:
            return error
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return None

    try:
        fetched = in_parallel(fetch, files, tree.threads)
        yield folder, {entry.path: error for entry, error in fetched if error is not None}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
