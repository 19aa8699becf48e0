"""Torch against onnxruntime on every film of a casebook: the same vectors, the same neighbours, and how much faster.

Usage: ``python benchmarks/engines.py CASEBOOK ENCODER FILE.onnx``. The casebook holds torch's vectors, as an index
was built with it; onnxruntime encodes every film anew. The time is that of the network alone, as processor time of one
run, alternating film by film so that a busy machine slows both.
"""

import time
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.audit import NEAREST, nearest
from scankin.index_build.evaluate.sample import Sample, load_sample
from scankin.index_build.export.network import prepared, spread
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.index_build.vectors import VectorCache
from scankin.models import load_encoder
from scankin.models.network import NetworkEncoder
from scankin.retrieval.encoder import Encoder, embed
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.scan import Modality

TIMED, WARM_UP = 60, 5


def main(casebook: Path, name: str, onnx: Path, workers: int = 2) -> None:
    """Print the lowest cosine, how many lists of ten neighbours are the same, and the ratio of processor times."""
    on_torch, on_onnx = load_encoder(name, engine="torch"), load_encoder(name, onnx)
    films = [item for item in scan_files(Casebook.load(casebook)) if item.record.modality is Modality.XRAY]
    hashes = [item.record.pixel_hash for item in films]
    with VectorCache(casebook) as cache:
        held = cache.vectors(on_torch.identity, hashes)
    films = [item for item in films if item.record.pixel_hash in held]
    made: dict[str, NDArray[np.float32]] = {}
    with ReadingPool(workers) as pool:
        seconds = timed(films, pool, on_torch, on_onnx)
        for item, vector in in_parallel(
            lambda one: embed(on_onnx, one.read(pool, on_onnx.slices)).vectors[0], films, workers
        ):
            made[item.record.pixel_hash] = vector
    cosines = [float(vector.astype(np.float64) @ held[pixel_hash]) for pixel_hash, vector in made.items()]
    sample = load_sample(casebook, on_torch.identity)
    other = sample.with_vectors(np.stack([made[record.pixel_hash] for record in sample.records]))
    same, sets = lists(sample, other)
    typer.echo(f"{len(films):,} X-rays, {len(cosines):,} different pictures:")
    typer.echo(f"  lowest cosine            {min(cosines):.9f}")
    typer.echo(f"{len(sample):,} frontal films of {len(np.unique(sample.people)):,} patients:")
    typer.echo(f"  same {NEAREST} nearest          {sets:,}; in the same order {same:,}")
    medians = [1000 * float(np.median(one)) for one in seconds]
    typer.echo(f"  network, processor time  torch {medians[0]:.1f} ms, onnxruntime {medians[1]:.1f} ms a film")
    typer.echo(f"  torch / onnxruntime      {medians[0] / medians[1]:.2f}")


def timed(films: list[ScanFiles], pool: ReadingPool, *encoders: Encoder) -> list[list[float]]:
    """Return the processor seconds of each encoder's network for some films."""
    first = encoders[0]
    if not isinstance(first, NetworkEncoder):
        raise TypeError("An encoder with a network is needed.")
    seconds: list[list[float]] = [[] for _ in encoders]
    for tensor in prepared(spread(films, TIMED + WARM_UP), pool, first):
        for encoder, taken in zip(encoders, seconds, strict=True):
            began = time.process_time()
            encoder.encode(tensor)
            taken.append(time.process_time() - began)
    return [taken[WARM_UP:] for taken in seconds]


def lists(sample: Sample, other: Sample) -> tuple[int, int]:
    """Return of how many films the ten nearest are the same in the same order, and the same in any."""
    pairs = [(a.rows, b.rows) for a, b in zip(nearest(sample), nearest(other), strict=True)]
    return sum(list(a) == list(b) for a, b in pairs), sum(set(a) == set(b) for a, b in pairs)


if __name__ == "__main__":
    typer.run(main)
