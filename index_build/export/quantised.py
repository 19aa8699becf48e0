"""An exported network in int8, with the share of neighbours that it keeps, measured on a casebook."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.audit import NEAREST, nearest
from scankin.index_build.evaluate.bootstrap import Figure, figure, mean_of
from scankin.index_build.evaluate.page import shown
from scankin.index_build.evaluate.sample import load_sample
from scankin.index_build.export.network import EXTRA, INPUT, export, on_torch_only, prepared, spread, written
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.models.engines.onnxruntime import OnnxEngine
from scankin.models.network import NetworkEncoder
from scankin.models.network.exported import Exported
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder, embed
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool

CALIBRATION_SCANS = 64
"""Scans whose activations set the ranges of int8."""

PERCENTILE = 99.99
"""Activations beyond it are clipped: mean cosine to float32 on 20 films 0.974; 0.970 where the largest is the limit."""


@dataclass(frozen=True)
class Cost:
    """What int8 changes.

    Attributes:
        overlap: Share of the ten nearest patients that float32 and int8 have in common, over films, with its interval
            over patients.
        cosine: Mean cosine of both vectors of a film.
    """

    overlap: Figure
    cosine: float
    precision: str = "int8"

    def sentence(self) -> str:
        """Return the figures with what they are of."""
        return (
            f"Of the {NEAREST} nearest patients by float32, int8 keeps {shown(self.overlap)}. "
            f"Mean cosine of a film's two vectors: {self.cosine:.4f}."
        )


def export_int8(
    casebook: Path,
    encoder: Encoder,
    out: Path,
    *,
    scans: int,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Cost:
    """Write an encoder's network in int8 (static, weights by channel) to ``out`` and return what it changes.

    Args:
        casebook: Its scans set the ranges of int8; its films, whose float32 vectors are cached, are what is compared.
        encoder: On torch.
        out: The file, ``.onnx``.
        scans: How many are compared with torch in float32, before anything is quantised.
        workers: Reading processes and encoding threads.
        progress: Told how many films were compared, of how many.

    Raises:
        InvalidRequest: The encoder has no network of its own on torch, or ``out`` is no ``.onnx``.
        CasebookError: The casebook holds no float32 vectors of this encoder, or too few patients.
        ScanError: A film is no longer the one that was ingested.
    """
    on_torch = on_torch_only(encoder)
    sample = load_sample(casebook, encoder.identity)
    if len(np.unique(sample.people)) <= NEAREST:
        raise CasebookError(f"{casebook.name}: more than {NEAREST} patients are needed to measure what int8 changes.")
    items = scan_files(Casebook.load(casebook))
    films = {item.record.scan: item for item in items}
    with written(out) as temporary, TemporaryDirectory() as folder, ReadingPool(workers) as pool:
        float32 = Path(folder) / "float32.onnx"
        export(casebook, encoder, float32, scans=scans)
        _write(on_torch, float32, temporary, spread(items, CALIBRATION_SCANS), pool)
        small = _loaded(on_torch, temporary)
        vectors = _encoded([films[record.scan] for record in sample.records], small, pool, workers, progress)
    other = sample.with_vectors(vectors)
    pairs = zip(nearest(sample), nearest(other), strict=True)
    kept = [len(set(sample.people[a.rows]) & set(sample.people[b.rows])) / NEAREST for a, b in pairs]
    cosine = float(np.einsum("nd,nd->n", sample.vectors, other.vectors).mean())
    return Cost(figure(mean_of(np.array(kept)), sample.people), cosine)


def _write(encoder: NetworkEncoder, float32: Path, out: Path, items: list[ScanFiles], pool: ReadingPool) -> None:
    quantization, onnx = library("onnxruntime.quantization", EXTRA), library("onnx", EXTRA)
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        library("onnxruntime.quantization.shape_inference", EXTRA).quant_pre_process(
            str(float32), str(plain), skip_symbolic_shape=True
        )
        quantization.quantize_static(
            str(plain),
            str(out),
            _Slices(encoder, items, pool),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,  # 5.0 ms a film where signed takes 8.3, with the same cosine
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": PERCENTILE},
        )
    # Of each quantisation the vectors are its own: its weights are named by what it holds, not by what it came from.
    model = onnx.load(str(out))
    del model.metadata_props[:]
    weights = hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()
    identity = replace(encoder.identity, engine="onnxruntime-int8-cpu", weights=weights)
    onnx.helper.set_model_props(model, Exported(identity, encoder.preparation.stated()).as_metadata())
    onnx.save(model, str(out))


def _loaded(encoder: NetworkEncoder, file: Path) -> NetworkEncoder:
    engine = OnnxEngine(file)
    said = Exported.of(engine.metadata, file).identity
    return NetworkEncoder(said.name, said.weights, encoder.preparation, engine, dim=said.dim)


class _Slices:
    """Gives the slices of some scans to the calibration, one at a time, as it asks: ``CalibrationDataReader``."""

    def __init__(self, encoder: NetworkEncoder, items: list[ScanFiles], pool: ReadingPool) -> None:
        self._slices = self._prepared(encoder, items, pool)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next slice by the name of the network's input, or None at the end."""
        return next(self._slices, None)

    @staticmethod
    def _prepared(
        encoder: NetworkEncoder, items: list[ScanFiles], pool: ReadingPool
    ) -> Iterator[dict[str, NDArray[np.float32]]]:
        for tensor in prepared(items, pool, encoder):
            yield {INPUT: tensor[len(tensor) // 2][np.newaxis]}


def _encoded(
    films: list[ScanFiles],
    encoder: NetworkEncoder,
    pool: ReadingPool,
    workers: int,
    progress: Callable[[int, int], None],
) -> NDArray[np.float32]:
    """Return the vectors ``[n, dim]`` of films, in their order."""
    found = np.empty((len(films), encoder.identity.dim), np.float32)
    rows = in_parallel(lambda row: embed(encoder, films[row].read(pool, encoder.slices)), range(len(films)), workers)
    for done, (row, made) in enumerate(rows, start=1):
        found[row] = made.vectors[0]
        progress(done, len(films))
    return found
