"""Worker processes that read scans: a file can kill its worker, never the service."""

import contextlib
import fcntl
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan, ScanError
from scankin.retrieval.reading.frames import read_frame, scan_of, write_frame
from scankin.retrieval.reading.headers import Header
from scankin.retrieval.reading.limits import DEFAULT_LIMITS, Limits
from scankin.retrieval.reading.request import ReadRequest
from scankin.retrieval.scan import Scan

_PIPE_BYTES = 1024 * 1024
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class ReadingPool:
    """Reads scans in worker processes under limits of memory, CPU and wall-clock time. Safe to use from any thread."""

    def __init__(self, workers: int, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start nothing yet: a worker starts when it is first needed.

        Args:
            workers: Processes at most, at least 1.
            limits: What one request may use.
        """
        if workers < 1:
            raise ValueError(f"ReadingPool: {workers} workers; at least 1.")
        self.workers = workers
        self.limits = limits
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(workers):
            self._free.put(_Worker(limits))
        self._all = list(self._free.queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers; a request under way fails."""
        for worker in self._all:
            worker.kill()

    def read(self, request: ReadRequest) -> Scan:
        """Return the scan a request names; waits while all workers are busy.

        Raises:
            RefusedScan: The scan is not suitable, or needs more memory than it may use.
            FailedScan: It is broken, took too long, or killed the worker that read it.
        """
        head = {
            "op": "read",
            "paths": [str(path.absolute()) for path in request.paths],
            "has_data": request.data is not None,
            "slices": request.slices,
            "pictures": request.pictures,
            "modality": request.modality,
        }
        answer, body = self._ask(head, request.data or b"")
        return scan_of(answer, body)

    def header(self, path: Path) -> Header:
        """Return the grouping fields of a file's header.

        Raises:
            ScanError: As for ``read``.
        """
        answer, _ = self._ask({"op": "header", "path": str(path.absolute())}, b"")
        return Header(**answer["header"])

    def _ask(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytearray]:
        worker = self._free.get()
        try:
            answer, content = worker.ask(head, body)
        finally:
            self._free.put(worker)
        if not answer.pop("ok"):
            kind = RefusedScan if answer["status"] == "refused" else FailedScan
            raise kind(Reason(answer["reason"]), answer["message"])
        return answer, content


class _Worker:
    """One process, started when needed and again after its death."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def ask(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytearray]:
        """Return the answer to a request.

        Raises:
            FailedScan: The process died or took too long; it is replaced at the next request.
        """
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise FailedScan(Reason.INTERNAL, "A reading process has no pipes.")
        timed_out = threading.Event()
        timer = threading.Timer(self._limits.seconds, self._give_up, (process, timed_out))
        timer.start()
        answer = None
        try:
            with contextlib.suppress(OSError, ValueError):  # a dead worker: a broken pipe, or half an answer
                write_frame(process.stdin, head, body)
                answer = read_frame(process.stdout)
        finally:
            timer.cancel()
            if answer is None:
                self.kill(for_good=False)
        if answer is None:
            raise _death(timed_out.is_set(), self._limits)
        return answer

    def kill(self, *, for_good: bool = True) -> None:
        """End the process; for good unless it is to be replaced."""
        self._is_closed = self._is_closed or for_good
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise FailedScan(Reason.INTERNAL, "The reading pool is closed.")
        if self._process is None or self._process.poll() is not None:
            self.kill(for_good=False)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scankin.retrieval.reading.worker", json.dumps(asdict(self._limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # Ctrl-C ends the caller, who then ends the workers in order
            )
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # a smaller pipe is slower, not wrong
                        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return self._process

    @staticmethod
    def _give_up(process: subprocess.Popen[bytes], timed_out: threading.Event) -> None:
        timed_out.set()
        process.kill()


def _death(timed_out: bool, limits: Limits) -> ScanError:
    if timed_out:
        return FailedScan(Reason.DECODER_TIMEOUT, f"Reading took more than {limits.seconds:g} s and was stopped.")
    return FailedScan(Reason.DECODER_DIED, "The file killed the process that read it. Send the original file.")
