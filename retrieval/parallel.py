"""Many slow things at once, each result as soon as it is there, interruptible."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

IN_FLIGHT_PER_WORKER = 3
"""Enough that no worker waits for the main thread; few enough that an interrupt loses little."""


def in_parallel(work: Callable[[_In], _Out], items: Iterable[_In], workers: int) -> Iterator[tuple[_In, _Out]]:
    """Yield ``(item, work(item))`` for every item, in the order they finish.

    Items are drawn as they are needed. An exception of ``work``, or an interrupt, ends the iteration: what had started
    is waited for, what had not is dropped.
    """
    waiting: dict[Future[_Out], _In] = {}
    source = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for item in source:
                    waiting[pool.submit(work, item)] = item
                    if len(waiting) >= workers * IN_FLIGHT_PER_WORKER:
                        break
                if not waiting:
                    return
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
