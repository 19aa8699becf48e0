"""Where the time of a query through the running service goes: shares and ratios within one run.

Usage: ``python benchmarks/query_shares.py STORE``. Asks the service on a store about one constructed film over HTTP and
compares the whole with reading and encoding that film alone.
"""

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import typer

from scankin.index_build.cohort import held_out_patient
from scankin.models import load_encoder
from scankin.retrieval.encoder import embed
from scankin.retrieval.reading import ReadingPool, ReadRequest
from scankin.retrieval.store import load_version

ROUNDS, WARM_UP = 40, 3


def main(store: Path) -> None:
    """Print the medians of one run, and the ratio of the whole query to its reading and encoding."""
    with tempfile.TemporaryDirectory() as folder:
        film = held_out_patient(Path(folder), seed=1).path.read_bytes()
    encoder = load_encoder(load_version(store).encoder.name)
    with ReadingPool(1) as pool:
        request = ReadRequest(data=film, slices=encoder.slices)
        scan = pool.read(request)
        read, encode = median_of(lambda: pool.read(request)), median_of(lambda: embed(encoder, scan))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "scankin.api", "serve", "--index", str(store), "--port", url.rpartition(":")[2]]
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"{url}/readyz")
        whole = median_of(lambda: ask(f"{url}/v1/similar", film))
    finally:
        service.terminate()
        service.wait()
    typer.echo(f"{ROUNDS} queries, one film of {len(film) / 1e6:.1f} MB; medians of this run:")
    for name, seconds in (("read", read), ("encode", encode), ("rest", whole - read - encode), ("whole", whole)):
        typer.echo(f"  {name:<7} {1000 * seconds:7.1f} ms  {100 * seconds / whole:5.1f} % of the query")
    typer.echo(f"  whole / (read + encode) = {whole / (read + encode):.2f}")


def median_of(work: Callable[[], object]) -> float:
    """Return the median seconds of a call, after a few that are not counted."""
    seconds = []
    for _ in range(ROUNDS + WARM_UP):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[WARM_UP:])


def ask(url: str, film: bytes) -> None:
    """Post one film and check that neighbours came."""
    head = b'--mark\r\nContent-Disposition: form-data; name="file"; filename="film"\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=mark"}
    with urllib.request.urlopen(urllib.request.Request(url, head + film + b"\r\n--mark--\r\n", form)) as answer:
        if not json.load(answer)["neighbours"]:
            raise RuntimeError("The service found no neighbour.")


def wait_for(url: str) -> None:
    """Return when the address answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(url).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The service does not answer.")


if __name__ == "__main__":
    typer.run(main)
