"""Against timm's own network with the same weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from tiny_weights import a_timm_file

from scankin.models import load_encoder
from scankin.models.network import NetworkEncoder
from scankin.retrieval.errors import InvalidRequest

pytestmark = pytest.mark.slow  # the library takes many seconds to import


@pytest.mark.parametrize(
    ("architecture", "places"), [("test_resnet", 5), ("test_vit", 1), ("test_efficientnet", 5), ("test_convnext", 1)]
)
def test_it_gives_what_timm_gives_before_its_classes(tmp_path: Path, architecture: str, places: int) -> None:
    import timm
    import torch
    from safetensors.torch import load_file

    path = a_timm_file(tmp_path, architecture)
    encoder = load_encoder("timm", path)
    assert isinstance(encoder, NetworkEncoder)
    tensor = encoder.prepare(a_scan(1))
    theirs = timm.create_model(architecture, num_classes=5).eval()
    theirs.load_state_dict(load_file(path))
    with torch.no_grad():
        truth = theirs.forward_head(theirs.forward_features(torch.from_numpy(tensor)), pre_logits=True)[0].numpy()
    assert np.allclose(encoder.encode(tensor), truth / np.linalg.norm(truth), atol=1e-6)
    assert encoder.features(tensor).shape[2:] == (places, places)


def test_the_config_json_of_a_timm_repository_is_a_card(tmp_path: Path) -> None:
    path = a_timm_file(tmp_path)
    identity = load_encoder("timm", path).identity
    (tmp_path / "model.toml").unlink()
    prepared = {
        "input_size": [3, 160, 160],
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
    }
    raw = {"architecture": "test_resnet", "num_classes": 5, "pretrained_cfg": prepared}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    assert load_encoder("timm", path).identity == identity


def test_a_card_that_lacks_an_entry_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = a_timm_file(tmp_path)
    (tmp_path / "model.toml").write_text('architecture = "test_resnet"\ninput_size = [3, 160, 160]\nmean = [0, 0, 0]\n')
    with pytest.raises(InvalidRequest, match=r"model\.toml: std: Field required"):
        load_encoder("timm", path)


def test_a_network_timm_does_not_have_is_an_error(tmp_path: Path) -> None:
    path = a_timm_file(tmp_path)
    card = tmp_path / "model.toml"
    card.write_text(card.read_text().replace("test_resnet", "no_such_net"))
    with pytest.raises(InvalidRequest, match="no_such_net"):
        load_encoder("timm", path)
