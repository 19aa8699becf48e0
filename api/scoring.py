"""Batch scoring: every scan of the inputs gets a row, whatever is wrong with it."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scankin.api.engine import Options, answer
from scankin.api.rows import Scored, encoder_of
from scankin.retrieval.errors import InvalidRequest, Reason, ScanError
from scankin.retrieval.files import replaced
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import FoundScan, ReadingPool, ReadRequest, find_scans
from scankin.retrieval.retriever import Retriever

PICTURES = frozenset({".png", ".jpg", ".jpeg"})


@dataclass(frozen=True)
class ScoreAccount:
    """What came of a batch.

    Attributes:
        statuses: Rows by status.
        reasons: Refused and failed rows by reason code.
        resumed: Rows taken over from an interrupted run.
    """

    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    resumed: int


def score(
    inputs: Sequence[Path],
    retriever: Retriever,
    out: Path,
    options: Options,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ScoreAccount:
    """Write a row for every scan under the inputs to ``out``, in their order, and return the account.

    Rows are kept in ``OUT.partial`` as they come; a later run with the same index and options takes them over.
    ``out`` itself is written whole at the end.

    Raises:
        InvalidRequest: ``out`` has an ending that is not written, or an input is not there.
        OSError: The disk refused a write; ``out`` is as it was.
    """
    encode = encoder_of(out.suffix)
    for path in inputs:
        if not path.exists():
            raise InvalidRequest("An input is not there. Name folders, DICOM files or zips.")
    with ReadingPool(workers) as pool:
        found = list(find_scans(inputs, pool, pictures=True))
        partial = _Partial(out.with_name(out.name + ".partial"), _run_key(retriever, options))
        try:
            rows = partial.rows()
            keys = {scan.name: _scan_key(scan) for scan in found}
            done = {scan.name: rows[keys[scan.name]] for scan in found if keys[scan.name] in rows}
            resumed = len(done)
            progress(len(done), len(found))
            todo = (scan for scan in found if scan.name not in done)
            for scan, row in in_parallel(lambda one: _row(one, retriever, pool, options), todo, workers):
                done[scan.name] = row
                partial.append(keys[scan.name], row)
                progress(len(done), len(found))
        finally:
            partial.close()
    ordered = [done[scan.name] for scan in found]
    replaced(out, encode(ordered))
    partial.discard()
    return ScoreAccount(
        statuses=Counter(row.status for row in ordered),
        reasons=Counter(row.code for row in ordered if row.code),
        resumed=resumed,
    )


def request_of(paths: tuple[Path, ...], slices: int) -> ReadRequest:
    """Return the request for files named by a user: DICOM, or a PNG or JPEG picture by its ending."""
    return ReadRequest(paths=paths, slices=slices, pictures=paths[0].suffix.lower() in PICTURES)


def _row(scan: FoundScan, retriever: Retriever, pool: ReadingPool, options: Options) -> Scored:
    try:
        if scan.error is not None:
            raise scan.error
        report = answer(retriever, pool, request_of(scan.paths, retriever.encoder.slices), options)
    except ScanError as error:
        return Scored(scan.name, error.status, error.reason.value, error.message)
    except Exception as error:  # noqa: BLE001 (one scan's surprise must not lose the others' rows)
        return Scored(
            scan.name, "failed", Reason.INTERNAL.value, f"Unexpected {type(error).__name__}; please report it."
        )
    return Scored(scan.name, "ok", report=report.as_json())


class _Partial:
    """Rows of a run under way: a line that names the run, then one line a row."""

    def __init__(self, path: Path, run: str) -> None:
        self.path = path
        self._rows = _read_partial(path, run)
        # Written anew: without a torn last line, and without the rows of another index or other options.
        self._file = path.open("w", encoding="utf-8")
        self._file.write(json.dumps({"run": run}) + "\n")
        for key, row in self._rows.items():
            self.append(key, row)

    def rows(self) -> dict[str, Scored]:
        return self._rows

    def append(self, key: str, row: Scored) -> None:
        self._file.write(json.dumps([key, vars(row)]) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def _read_partial(path: Path, run: str) -> dict[str, Scored]:
    rows: dict[str, Scored] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if json.loads(file.readline() or "{}").get("run") != run:
                return {}
            for line in file:
                key, row = json.loads(line)
                rows[key] = Scored(**row)
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        return rows  # the last line was cut short by a crash
    return rows


def _run_key(retriever: Retriever, options: Options) -> str:
    version, encoder = retriever.version.manifest_hash, retriever.encoder.identity.digest
    parts = [version, encoder, options.k, options.filters.stated(), options.false_refusal]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _scan_key(scan: FoundScan) -> str:
    digest = hashlib.sha256(scan.name.encode())
    for path in scan.paths:
        try:
            status = path.stat()
            digest.update(repr((str(path), status.st_size, status.st_mtime_ns)).encode())
        except OSError:
            digest.update(repr((str(path), None)).encode())
    return digest.hexdigest()
