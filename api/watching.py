"""Scores what arrives in a folder, each scan once, until it is told to end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from scankin.api.engine import Options
from scankin.api.inputs import Inputs
from scankin.api.journal import Journal
from scankin.api.lots import keyed
from scankin.api.scoring import ScoreAccount, Tables, rows_of, run_key, write_tables
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.reading import FoundScan, ReadingPool
from scankin.retrieval.reading.folder import Headed, files_of, grouped, header_at
from scankin.retrieval.retriever import Retriever

Stamp = tuple[int, int]
"""Size in bytes, and time of change in nanoseconds."""


class Arrivals:
    """Which scans of a folder are whole: no file of theirs changed, and none joined them, between two looks."""

    def __init__(self, folder: Path, pool: ReadingPool) -> None:
        self._folder = folder
        self._pool = pool
        self._stamps: dict[Path, Stamp] = {}
        self._headers: dict[Path, tuple[Stamp, Headed]] = {}
        self._seen: frozenset[tuple[Path, ...]] = frozenset()

    def look(self) -> list[FoundScan]:
        """Return all scans that are whole, those of former looks too, in the order of their first files.

        A film is whole at the second look that finds its file as it was. A CT series takes one look more: by then no
        further slice has come. A slice that comes later still makes another scan of the series, which replaces the
        former in the tables.
        """
        now = _stamps(self._folder)
        still = [path for path, stamp in now.items() if self._stamps.get(path) == stamp]
        self._stamps = now
        held = {path: self._header(path, now[path]) for path in still}
        self._headers = {path: (now[path], header) for path, header in held.items()}
        found = list(grouped(still, [held[path] for path in still]))
        seen, self._seen = self._seen, frozenset(scan.paths for scan in found)
        return [scan for scan in found if not _is_series(scan) or scan.paths in seen]

    def _header(self, path: Path, stamp: Stamp) -> Headed:
        former = self._headers.get(path)
        if former is not None and former[0] == stamp:
            return former[1]
        return header_at(path, self._pool, pictures=True)


def watch(
    folder: Path,
    retriever: Retriever,
    tables: Tables,
    options: Options,
    *,
    workers: int,
    poll_seconds: float,
    ended: threading.Event,
    progress: Callable[[ScoreAccount], None] = lambda _account: None,
) -> ScoreAccount:
    """Score the scans of a folder as they arrive, each once, until ``ended`` is set; return the account of all.

    The tables are written anew, whole, whenever there are new rows, which stand in the order they came; rows of files
    that were moved away stay. The journal beside the tables stays too, so that a watch that starts again goes on from
    there and scores nothing twice.

    Args:
        folder: Searched with the folders below it.
        retriever: Answers.
        tables: Where to write.
        options: How each scan is answered.
        workers: Scans read and encoded at a time.
        poll_seconds: Between two looks, above 0.
        ended: Scans under way are finished, then it ends.
        progress: Told the account whenever the tables were written.

    Raises:
        InvalidRequest: There is no such folder.
        OSError: The disk refused a write; the tables are as they were.
    """
    if not folder.is_dir():
        raise InvalidRequest("The folder to watch is not there. Make it first.")
    with ReadingPool(workers) as pool, Journal(tables.journal_path, run_key(retriever, options)) as journal:
        arrivals = Arrivals(folder, pool)
        latest = {journal.row(key).input: key for key in journal}
        account = write_tables(journal, list(latest.values()), tables)
        while not ended.wait(poll_seconds):
            new = [one for one in (keyed(scan, Inputs()) for scan in arrivals.look()) if one.key not in journal]
            for one, row in rows_of(takewhile(lambda _: not ended.is_set(), new), retriever, pool, options, workers):
                journal.add(one.key, row)
                latest.pop(row.input, None)  # a scan that changed stands where it last came
                latest[row.input] = one.key
            if new:
                account = write_tables(journal, list(latest.values()), tables)
                progress(account)
    return account


@contextmanager
def ended_by_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set, so that what is under way can be finished."""
    ended = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    former = [signal.signal(kind, lambda _number, _frame: ended.set()) for kind in kinds]
    try:
        yield ended
    finally:
        for kind, handler in zip(kinds, former, strict=True):
            signal.signal(kind, handler)


def _is_series(scan: FoundScan) -> bool:
    return scan.header is not None and scan.header.modality == "CT"


def _stamps(folder: Path) -> dict[Path, Stamp]:
    found = {}
    for path in files_of([folder]):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # moved away since it was listed
        found[path] = status.st_size, status.st_mtime_ns
    return found
