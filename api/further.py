"""Further scans of the query's patient: named on a command line, and read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scankin.retrieval.course.films import OtherScan
from scankin.retrieval.errors import InvalidRequest, ScanError
from scankin.retrieval.reading import ReadingPool, ReadRequest

_NAMED = re.compile(r"(?P<path>.+)@(?P<day>[+-]?\d+)", re.DOTALL)


@dataclass(frozen=True)
class NamedScan:
    """A further scan as a command line names it.

    Attributes:
        paths: Its files.
        day: Days after the query; None when not stated.
    """

    paths: tuple[Path, ...]
    day: int | None


def named_scans(items: Iterable[str]) -> list[NamedScan]:
    """Return the scans of ``FILE`` or ``FILE@DAY``, in their order.

    Raises:
        InvalidRequest: What follows the last ``@`` is no whole number and there is no file of the whole name, or a
            folder is empty.
    """
    found = []
    for place, item in enumerate(items, start=1):
        if Path(item).exists() or "@" not in item:
            found.append(NamedScan(files_of_scan(Path(item)), None))
        elif stated := _NAMED.fullmatch(item):
            found.append(NamedScan(files_of_scan(Path(stated["path"])), int(stated["day"])))
        else:
            raise InvalidRequest(
                f"--earlier {place}: what follows @ is not a whole number of days, and there is no such file."
            )
    return found


def files_of_scan(path: Path) -> tuple[Path, ...]:
    """Return the files of one scan: itself, or all in a folder.

    Raises:
        InvalidRequest: The folder is empty.
    """
    paths = tuple(sorted(one for one in path.rglob("*") if one.is_file())) if path.is_dir() else (path,)
    if not paths:
        raise InvalidRequest("The folder holds no file. Name a folder of one CT series.")
    return paths


def others_of(pool: ReadingPool, requests: Sequence[ReadRequest], days: Sequence[int | None]) -> list[OtherScan]:
    """Return further scans, read in their order.

    Raises:
        ScanError: One cannot be read; its place is named.
    """
    others = []
    for place, (request, day) in enumerate(zip(requests, days, strict=True), start=1):
        try:
            others.append(OtherScan(pool.read(request), day))
        except ScanError as error:
            raise type(error)(error.reason, f"Further scan {place}: {error.message}") from error
    return others
