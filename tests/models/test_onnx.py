"""Against the convolution written out in numpy."""

from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from tiny_weights import CHANNELS, PATCH, SIDE, an_onnx_file, onnx_filters

from scankin.models import load_encoder
from scankin.models.network import NetworkEncoder
from scankin.retrieval.errors import InvalidRequest


def by_hand(tensor: np.ndarray) -> np.ndarray:
    """The map ``[channels, 4, 4]``: patches that do not overlap, times filters, negative values cut off."""
    places = SIDE // PATCH
    patches = tensor[0].reshape(3, places, PATCH, places, PATCH)
    return np.maximum(np.einsum("cikjl,fckl->fij", patches, onnx_filters()), 0)


@pytest.mark.parametrize(
    ("output", "tokens"), [("map", ""), ("vector", ""), ("tokens", 'tokens = "first"'), ("tokens", 'tokens = "mean"')]
)
def test_the_output_that_the_card_names_is_used(tmp_path: Path, output: str, tokens: str) -> None:
    encoder = load_encoder("onnx", an_onnx_file(tmp_path, output, tokens))
    tensor = encoder.prepare(a_scan(1))
    found = by_hand(tensor)
    truth = found[:, 0, 0] if "first" in tokens else found.mean(axis=(1, 2))
    assert np.allclose(encoder.encode(tensor), truth / np.linalg.norm(truth), atol=1e-5)


def test_the_map_is_given_before_pooling(tmp_path: Path) -> None:
    encoder = load_encoder("onnx", an_onnx_file(tmp_path))
    assert isinstance(encoder, NetworkEncoder)
    tensor = encoder.prepare(a_scan(1))
    features = encoder.features(tensor)
    assert features.shape == (1, CHANNELS, SIDE // PATCH, SIDE // PATCH)
    assert np.allclose(features[0], by_hand(tensor), atol=1e-4)


def test_the_card_is_part_of_the_identity(tmp_path: Path) -> None:
    one = load_encoder("onnx", an_onnx_file(tmp_path, "vector")).identity
    other = load_encoder("onnx", an_onnx_file(tmp_path, "map")).identity
    assert one.weights != other.weights and not one.is_comparable_with(other)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('output = "nonsense"', "no output 'nonsense'"),
        ("side = 40", "does not take"),
        ('output = "tokens"', "state tokens"),
        ("spread = [1]", "each channel"),
        ('channels = "three"', "channels: Input should be"),
        ("value_range = [255, 0]", "black below white"),
    ],
)
def test_a_card_that_does_not_fit_the_file_is_an_error(tmp_path: Path, wrong: str, told: str) -> None:
    path = an_onnx_file(tmp_path)
    card = tmp_path / "tiny.toml"
    key = wrong.partition(" ")[0]
    kept = [line for line in card.read_text().splitlines() if not line.startswith(key)]
    card.write_text("\n".join([*kept, wrong]))
    with pytest.raises(InvalidRequest, match=told):
        load_encoder("onnx", path)


def test_a_file_without_a_card_is_an_error_that_says_which_to_write(tmp_path: Path) -> None:
    path = an_onnx_file(tmp_path)
    (tmp_path / "tiny.toml").unlink()
    with pytest.raises(InvalidRequest, match=r"write tiny\.toml beside it"):
        load_encoder("onnx", path)


def test_a_file_that_is_no_network_is_an_error(tmp_path: Path) -> None:
    an_onnx_file(tmp_path).write_bytes(b"nothing")
    with pytest.raises(InvalidRequest, match=r"tiny\.onnx is no ONNX file"):
        load_encoder("onnx", tmp_path / "tiny.onnx")
