"""Rows of a batch under way, kept on the disk as they come: an interrupted run goes on from them."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scankin.api.rows import Scored


class Journal:
    """A file of lines: which run it is of, then one for each row or finished lot. Used by one thread.

    Only where each row stands is held in memory, so a batch may be larger than it.
    """

    def __init__(self, path: Path, run: str) -> None:
        """Open the journal of a run; what another index or other options left there is dropped.

        Args:
            path: Of the file.
            run: Tells this run's index and options from others.

        Raises:
            OSError: The disk refuses a write.
        """
        self.path = path
        self._at: dict[str, int] = {}
        self._lots: dict[str, list[str]] = {}
        path.touch()
        self._file = path.open("r+b")
        if not self._taken_over(run):
            self._file.truncate(0)
            self._file.seek(0)
            self._write(["run", run])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: object) -> bool:
        return key in self._at

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of all rows, in the order they came."""
        return iter(tuple(self._at))

    def add(self, key: str, row: Scored) -> None:
        """Keep a row; of two with one key the later counts."""
        self._at[key] = self._write(["row", key, vars(row)])

    def add_lot(self, lot: str, keys: Sequence[str]) -> None:
        """Keep that a lot is done, and which rows it gave."""
        self._write(["lot", lot, list(keys)])
        self._lots[lot] = list(keys)

    def row(self, key: str) -> Scored:
        """Return a row that was kept.

        Raises:
            KeyError: There is none of that key.
        """
        self._file.seek(self._at[key])
        return Scored(**json.loads(self._file.readline())[2])

    def rows_of_lot(self, lot: str | None) -> list[str] | None:
        """Return the keys of a finished lot's rows; None when it is not finished."""
        return self._lots.get(lot) if lot is not None else None

    def discard(self) -> None:
        """Delete the file: the table is written."""
        self.path.unlink(missing_ok=True)

    def _write(self, line: list[Any]) -> int:
        at = self._file.seek(0, 2)
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        return at

    def _taken_over(self, run: str) -> bool:
        """Index the lines of the same run, cut off one that a crash left short, and return whether it is the same."""
        end = 0
        with contextlib.suppress(ValueError, TypeError, IndexError):
            for line in self._file:
                entry = json.loads(line)
                if not line.endswith(b"\n"):
                    break
                if end == 0 and entry != ["run", run]:
                    return False
                if entry[0] == "row":
                    self._at[entry[1]] = end
                elif entry[0] == "lot":
                    self._lots[entry[1]] = entry[2]
                end += len(line)
        self._file.truncate(end)
        return end > 0
