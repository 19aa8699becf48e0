"""What scoring a batch costs beyond decoding and encoding its films: a ratio within one run.

Usage: ``python benchmarks/batch_overhead.py STORE FOLDER [--films 500] [--workers 2]``. In each round all films
are once decoded and encoded only, and once scored end to end with both tables; which comes first changes, so that what
else the machine does falls on both. Every file is read once before, into the disk's cache.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scankin.api.engine import Options, open_retriever
from scankin.api.scoring import PICTURES, request_of, score
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import ScanError
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.reading.folder import files_of
from scankin.retrieval.retriever import Retriever

ROUNDS = 4
FILMS = PICTURES | {".dcm"}


def main(
    store: Path,
    folder: Path,
    films: Annotated[int, typer.Option(help="Films scored.")] = 500,
    workers: Annotated[int, typer.Option(help="Scans at a time.")] = 2,
) -> None:
    """Print wall and CPU seconds of both, and the ratios."""
    paths = [path for path in files_of([folder]) if path.suffix.lower() in FILMS][:films]
    if len(paths) < films:
        raise typer.BadParameter(f"{len(paths)} films are there, {films} wanted.")
    for path in paths:
        path.read_bytes()
    retriever = open_retriever(store, None, "cpu")
    bare(paths[:4], retriever, workers)
    wall, cpu = [], []
    with tempfile.TemporaryDirectory() as place:
        for number in range(ROUNDS):
            out = Path(place) / f"{number}.csv"
            works: list[Callable[[], object]] = [
                lambda: bare(paths, retriever, workers),
                lambda out=out: score(paths, retriever, out, Options(), workers=workers),
            ]
            order = (0, 1) if number % 2 == 0 else (1, 0)
            seconds = {which: timed(works[which]) for which in order}
            wall.append((seconds[0][0], seconds[1][0]))
            cpu.append((seconds[0][1], seconds[1][1]))
    for name, pairs in (("wall", wall), ("CPU", cpu)):
        alone, whole = (sum(column) for column in zip(*pairs, strict=True))
        each = sorted(b / a for a, b in pairs)
        typer.echo(
            f"{name}: decode and encode {alone:.1f} s, scored end to end {whole:.1f} s, ratio {whole / alone:.3f} "
            f"(rounds {each[0]:.3f} to {each[-1]:.3f}, median {statistics.median(each):.3f})"
        )
    typer.echo(f"{films} films, {workers} workers, {retriever.encoder.identity.name}")


def bare(paths: list[Path], retriever: Retriever, workers: int) -> None:
    """Decode and encode films as a batch does, and keep nothing."""
    with ReadingPool(workers) as pool:
        for _ in in_parallel(lambda path: _embedded(path, pool, retriever), paths, workers):
            pass


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and CPU seconds of a call, its ended child processes included."""
    began, used = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - began, _cpu() - used


def _embedded(path: Path, pool: ReadingPool, retriever: Retriever) -> None:
    try:
        embed(retriever.encoder, pool.read(request_of((path,), retriever.encoder.slices)))
    except ScanError:
        return  # refused: scored, it has its row


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


if __name__ == "__main__":
    typer.run(main)
