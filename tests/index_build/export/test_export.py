"""An export gives torch's vectors or leaves nothing; int8 says what it changes."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from stores import FILMS_EACH, PATIENTS, a_casebook, a_source
from tiny_weights import tiny_weights

from scankin.index_build.build import build
from scankin.index_build.evaluate.audit import nearest
from scankin.index_build.evaluate.sample import load_sample
from scankin.index_build.export.card import write_card
from scankin.index_build.export.network import Check, export
from scankin.index_build.export.quantised import export_int8
from scankin.models import load_encoder
from scankin.models.engines.torch import TorchEngine
from scankin.models.network import NetworkEncoder
from scankin.retrieval.encoder import embed
from scankin.retrieval.errors import CasebookError, EncoderMismatch, InvalidRequest
from scankin.retrieval.question import Question
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.store import load_version

NAME = "efficientnet_lite0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    a_casebook(folder / "casebook", a_source(folder / "source"))
    return folder


def test_an_encoder_without_a_network_on_torch_cannot_be_exported(place: Path, tmp_path: Path) -> None:
    for encoder in (load_encoder("thumbnail"), load_encoder("onnx", tiny_weights("onnx", tmp_path))):
        with pytest.raises(InvalidRequest, match="has no network on torch"):
            export(place / "casebook", encoder, tmp_path / "out.onnx", scans=2)


def test_a_file_that_does_not_end_in_onnx_is_an_error(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"ends in \.onnx"):
        export(place / "casebook", load_encoder(NAME), tmp_path / "out.bin", scans=2)


def test_int8_without_vectors_to_measure_on_writes_nothing(place: Path, tmp_path: Path) -> None:
    a_casebook(tmp_path / "casebook", place / "source")
    with pytest.raises(CasebookError, match="Build an index with it first"):
        export_int8(tmp_path / "casebook", load_encoder(NAME), tmp_path / "out.onnx", scans=2, workers=1)
    assert not list(tmp_path.glob("*.onnx"))


def test_the_card_states_the_figure_the_hash_and_the_notice(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "net.onnx").write_bytes(b"a network")
    card = write_card(Check(64, 0.999995), load_encoder("thumbnail").identity, tmp_path / "net.onnx").read_text()
    assert "0.9999950, of 64 scans" in card and NOTICE in card
    assert hashlib.sha256(b"a network").hexdigest() in card


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, "torchxrayvision", "rad_dino", "open_clip", "timm"])
def test_an_exported_network_gives_the_vectors_of_torch(place: Path, tmp_path: Path, name: str) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    on_torch = load_encoder(name, tiny_weights(name, weights))
    check = export(place / "casebook", on_torch, tmp_path / "net.onnx", scans=5)
    assert check.scans == 5 and check.least >= 0.99999
    served = load_encoder(name, tmp_path / "net.onnx")
    assert served.identity.engine == "onnxruntime-float32-cpu"
    assert served.identity.is_comparable_with(on_torch.identity)
    one, other = embed(on_torch, a_scan(3)).vectors[0], embed(served, a_scan(3)).vectors[0]
    assert np.allclose(one, other, atol=1e-5)
    assert isinstance(served, NetworkEncoder) and isinstance(on_torch, NetworkEncoder)
    tensor = served.prepare(a_scan(3))
    assert served.features(tensor).shape == on_torch.features(tensor).shape


@pytest.mark.slow
def test_an_index_of_one_runtime_is_answered_by_the_other(place: Path, tmp_path: Path) -> None:
    on_torch = load_encoder(NAME)
    export(place / "casebook", on_torch, tmp_path / "net.onnx", scans=2)
    on_onnx = load_encoder(NAME, tmp_path / "net.onnx")
    for made, asked in ((on_torch, on_onnx), (on_onnx, on_torch)):
        build(place / "casebook", tmp_path / made.identity.engine, made, workers=2)
        version = load_version(tmp_path / made.identity.engine)
        same, other = (Retriever(version, encoder).report(a_scan(3), Question(5)) for encoder in (made, asked))
        assert [case.scan for case in same.neighbours] == [case.scan for case in other.neighbours]


@pytest.mark.slow
def test_a_network_that_differs_from_torch_is_not_kept(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TorchEngine.run
    monkeypatch.setattr(TorchEngine, "run", lambda self, one: run(self, one)[::-1].copy())
    with pytest.raises(CasebookError, match="differs from torch"):
        export(place / "casebook", load_encoder(NAME), tmp_path / "net.onnx", scans=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_int8_states_the_share_of_neighbours_it_keeps_and_answers_no_float32_index(place: Path, tmp_path: Path) -> None:
    on_torch = load_encoder(NAME)
    build(place / "casebook", tmp_path / "store", on_torch, workers=2)
    cost = export_int8(place / "casebook", on_torch, tmp_path / "net.onnx", scans=2, workers=2)
    int8 = load_encoder(NAME, tmp_path / "net.onnx")
    assert int8.identity.engine == "onnxruntime-int8-cpu" and int8.identity.weights != on_torch.identity.weights
    with pytest.raises(EncoderMismatch):
        Retriever(load_version(tmp_path / "store"), int8)
    # The same share by plain counting, from the casebook's two sets of vectors.
    build(place / "casebook", tmp_path / "int8-store", int8, workers=2)
    one, other = (load_sample(place / "casebook", encoder.identity) for encoder in (on_torch, int8))
    sets = [[{int(sample.people[row]) for row in ranked.rows} for ranked in nearest(sample)] for sample in (one, other)]
    shares = [len(a & b) / 10 for a, b in zip(*sets, strict=True)]
    assert cost.overlap.value == pytest.approx(np.mean(shares))
    assert cost.overlap.queries == PATIENTS * FILMS_EACH and cost.overlap.patients == PATIENTS
    assert cost.overlap.low <= cost.overlap.value <= cost.overlap.high
