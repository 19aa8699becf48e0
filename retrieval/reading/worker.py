"""A process that reads scans for ``ReadingPool``: requests on standard input, answers on standard output.

It trusts nobody with anything: memory, CPU time and file sizes are limited, what codecs print goes nowhere (it could
hold header text), and answers are JSON and raw bytes, so that a worker taken over by a file cannot run code elsewhere.
"""

import contextlib
import gc
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan, ScanError
from scankin.retrieval.reading.frames import read_frame, scan_to_header, write_frame
from scankin.retrieval.reading.headers import header_of
from scankin.retrieval.reading.limits import Limits
from scankin.retrieval.reading.read import read_scan
from scankin.retrieval.reading.request import ReadRequest
from scankin.retrieval.scan import Modality


def main() -> None:
    """Serve requests until standard input ends."""
    limits = Limits(**json.loads(sys.argv[1]))
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while (frame := read_frame(requests)) is not None:
        head, body = frame
        with contextlib.suppress(ValueError):
            used = resource.getrusage(resource.RUSAGE_SELF)
            budget = int(used.ru_utime + used.ru_stime + limits.seconds) + 2
            resource.setrlimit(resource.RLIMIT_CPU, (budget, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        _answer(head, bytes(body), limits, answers)
        del frame, body
        gc.collect(0)


def _answer(head: dict[str, Any], body: bytes, limits: Limits, answers: BinaryIO) -> None:
    try:
        if head["op"] == "header":
            write_frame(answers, {"ok": True, "header": asdict(header_of(head["path"], limits))})
            return
        scan = read_scan(_request(head, body), limits)
        pixels = np.ascontiguousarray(scan.pixels)
        write_frame(answers, {"ok": True, **scan_to_header(scan)}, pixels.data.cast("B"))
    except ScanError as error:
        _refuse(answers, error)
    except MemoryError:
        _refuse(answers, RefusedScan(Reason.TOO_LARGE, "Reading needs more memory than one scan may use."))
    except Exception:  # noqa: BLE001 (whatever a hostile file provokes is that file's failure, told without its text)
        _refuse(answers, FailedScan(Reason.BROKEN_HEADER, "The file cannot be read: it is damaged."))


def _refuse(answers: BinaryIO, error: ScanError) -> None:
    write_frame(answers, {"ok": False, "status": error.status, "reason": error.reason, "message": error.message})


def _request(head: dict[str, Any], body: bytes) -> ReadRequest:
    return ReadRequest(
        paths=tuple(Path(path) for path in head["paths"]),
        data=body if head["has_data"] else None,
        slices=head["slices"],
        pictures=head["pictures"],
        modality=Modality(head["modality"]) if head["modality"] else None,
    )


if __name__ == "__main__":
    main()
