"""Against OpenCLIP's own loading of a local folder and its ``encode_image``."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from tiny_weights import SIDE, a_clip_folder

from scankin.models import load_encoder
from scankin.retrieval.errors import InvalidRequest

pytestmark = pytest.mark.slow  # the library takes many seconds to import


def test_it_gives_what_open_clip_gives(tmp_path: Path) -> None:
    import open_clip
    import torch

    encoder = load_encoder("open_clip", a_clip_folder(tmp_path))
    tensor = encoder.prepare(a_scan(1))
    assert tensor.shape == (1, 3, SIDE, SIDE)
    theirs = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    with torch.no_grad():
        truth = theirs.encode_image(torch.from_numpy(tensor), normalize=True)[0].numpy()
    assert np.allclose(encoder.encode(tensor), truth, atol=1e-6)


def test_mean_and_spread_are_those_of_its_configuration(tmp_path: Path) -> None:
    import open_clip

    encoder = load_encoder("open_clip", a_clip_folder(tmp_path))
    _, transform = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path}")
    normalise = transform.transforms[-1]
    tensor = encoder.prepare(a_scan(1))
    white = [(1 - m) / s for m, s in zip(normalise.mean, normalise.std, strict=True)]
    black = [-m / s for m, s in zip(normalise.mean, normalise.std, strict=True)]
    assert np.allclose(tensor.max(axis=(0, 2, 3)), white) and np.allclose(tensor.min(axis=(0, 2, 3)), black)


def test_the_text_tower_of_biomedclip_is_not_needed(tmp_path: Path) -> None:
    """Its configuration names a text model of another place, and an image tower of timm."""
    import open_clip
    import torch

    vision = {"timm_model_name": "test_vit", "timm_model_pretrained": True, "timm_pool": "", "timm_proj": "linear"}
    model = {
        "embed_dim": 12,
        "vision_cfg": {**vision, "image_size": 160},
        "text_cfg": {"hf_model_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract", "context_length": 256},
    }
    prepared = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": prepared}))
    torch.manual_seed(7)
    tower = open_clip.timm_model.TimmModel("test_vit", 12, image_size=160, pool="", proj="linear").eval()
    state = {f"visual.{name}": value for name, value in tower.state_dict().items()}
    torch.save({**state, "text.proj": torch.zeros(1)}, tmp_path / "open_clip_pytorch_model.bin")
    encoder = load_encoder("open_clip", tmp_path)
    tensor = encoder.prepare(a_scan(1))
    with torch.no_grad():
        truth = tower(torch.from_numpy(tensor))[0].numpy()
    assert np.allclose(encoder.encode(tensor), truth / np.linalg.norm(truth), atol=1e-6)


def test_weights_of_another_tower_are_an_error(tmp_path: Path) -> None:
    config = a_clip_folder(tmp_path) / "open_clip_config.json"
    raw = json.loads(config.read_text())
    raw["model_cfg"]["vision_cfg"]["layers"] = 3
    config.write_text(json.dumps(raw))
    with pytest.raises(InvalidRequest, match="does not hold weights"):
        load_encoder("open_clip", tmp_path)
