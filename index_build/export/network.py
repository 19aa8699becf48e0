"""From an encoder on torch to an ONNX file that says what it is, kept only when it gives the same vectors."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.models.engines.onnxruntime import OnnxEngine
from scankin.models.network import NetworkEncoder
from scankin.models.network.exported import SUFFIX, Exported
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import CasebookError, InvalidRequest, ScanError
from scankin.retrieval.files import sync_file, sync_folder
from scankin.retrieval.reading import ReadingPool

LEAST_COSINE = 0.99999
"""Of every film's vectors by torch and by onnxruntime: where they differ more, neighbours change."""

EXTRA = "onnx"
INPUT, OUTPUT = "slices", "features"


@dataclass(frozen=True)
class Check:
    """What was compared before an ONNX file was kept.

    Attributes:
        scans: Compared, at least 1.
        least: Lowest cosine.
    """

    scans: int
    least: float
    precision: str = "float32"

    def sentence(self) -> str:
        """Return the figure with what it is of."""
        return f"Lowest cosine of the vectors by torch and by onnxruntime: {self.least:.7f}, of {self.scans:,} scans."


def export(
    casebook: Path,
    encoder: Encoder,
    out: Path,
    *,
    scans: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Check:
    """Write an encoder's network to ``out`` and return what was checked; nothing is kept of one that differs.

    Args:
        casebook: Its scans are what is compared, spread evenly over it.
        encoder: On torch.
        out: The file, ``.onnx``.
        scans: How many are compared.
        progress: Told how many were compared, of how many.

    Raises:
        InvalidRequest: The encoder has no network of its own on torch, or ``out`` is no ``.onnx``.
        CasebookError: No scan of the casebook can be read, or vectors differ by more than ``LEAST_COSINE``.
    """
    on_torch = on_torch_only(encoder)
    with written(out) as temporary:
        _write(on_torch, temporary)
        on_onnx = NetworkEncoder(
            on_torch.identity.name, on_torch.identity.weights, on_torch.preparation, OnnxEngine(temporary)
        )
        return _compared(casebook, on_torch, on_onnx, scans, progress)


def on_torch_only(encoder: Encoder) -> NetworkEncoder:
    """Return the encoder if torch runs its network.

    Raises:
        InvalidRequest: It has no network, or another engine runs it.
    """
    if not isinstance(encoder, NetworkEncoder) or not hasattr(encoder.engine, "network"):
        raise InvalidRequest(
            f"{encoder.identity.name} has no network on torch to export: {encoder.identity.engine} computes it. "
            "Of an adapted encoder, export the base."
        )
    return encoder


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """Give a file to write to; it becomes ``out`` when all went well, and is deleted when not.

    Raises:
        InvalidRequest: ``out`` does not end in .onnx.
    """
    if out.suffix != SUFFIX:
        raise InvalidRequest(f"{out.name}: the file of a network ends in {SUFFIX}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.stem}.{os.getpid()}{SUFFIX}")
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(out)
        sync_folder(out.parent)
    finally:
        temporary.unlink(missing_ok=True)


def prepared(items: Sequence[ScanFiles], pool: ReadingPool, encoder: NetworkEncoder) -> Iterator[NDArray[np.float32]]:
    """Yield the tensors of the scans that can be prepared; a build records why others cannot."""
    for item in items:
        try:
            tensor = encoder.prepare(item.read(pool, encoder.slices))
        except ScanError:
            continue
        yield tensor


def spread(items: Sequence[ScanFiles], count: int) -> list[ScanFiles]:
    """Return that many, evenly spread, or all where there are fewer."""
    places = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int))
    return [items[place] for place in places]


def _write(encoder: NetworkEncoder, out: Path) -> None:
    torch, engine = library("torch", "torch"), encoder.engine
    for name in ("onnx", "onnxscript"):
        library(name, EXTRA)
    network: Any = engine.network  # type: ignore[attr-defined]  # on_torch_only has looked
    example = torch.zeros(1, *encoder.preparation.shape).to(next(network.parameters()).device)
    program = torch.onnx.export(
        network,
        (example,),
        dynamo=True,
        input_names=[INPUT],
        output_names=[OUTPUT],
        external_data=False,
        optimize=True,
        verbose=False,
    )
    identity = replace(encoder.identity, engine="onnxruntime-float32-cpu")
    program.model.metadata_props.update(Exported(identity, encoder.preparation.stated()).as_metadata())
    program.save(out)


def _compared(
    casebook: Path,
    on_torch: NetworkEncoder,
    on_onnx: NetworkEncoder,
    count: int,
    progress: Callable[[int, int], None],
) -> Check:
    items = spread(scan_files(Casebook.load(casebook)), count)
    cosines: list[float] = []
    with ReadingPool(1) as pool:
        for tensor in prepared(items, pool, on_torch):
            one, other = on_torch.encode(tensor).astype(np.float64), on_onnx.encode(tensor).astype(np.float64)
            cosines.append(float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other))))
            progress(len(cosines), len(items))
    if not cosines:
        raise CasebookError(f"{casebook.name}: none of its scans can be read, so nothing was compared or written.")
    if min(cosines) < LEAST_COSINE:
        raise CasebookError(
            f"The exported network differs from torch: cosine {min(cosines):.6f} on one of {len(cosines)} scans, "
            f"{LEAST_COSINE} is needed. Nothing was written."
        )
    return Check(len(cosines), min(cosines))
