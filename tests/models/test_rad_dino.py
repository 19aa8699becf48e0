"""Against transformers' own model and image processor."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import a_scan
from tiny_weights import RAD_DINO_SIDE, a_dinov2_folder

from scankin.models import load_encoder
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.rendering import render

pytestmark = pytest.mark.slow  # the library takes many seconds to import


def test_it_gives_the_class_token_of_transformers(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel

    encoder = load_encoder("rad_dino", a_dinov2_folder(tmp_path))
    tensor = encoder.prepare(a_scan(1))
    theirs = AutoModel.from_pretrained(tmp_path, local_files_only=True).eval()
    with torch.no_grad():
        truth = theirs(torch.from_numpy(tensor)).last_hidden_state[0, 0].numpy()
    assert np.allclose(encoder.encode(tensor), truth / np.linalg.norm(truth), atol=1e-6)


def test_the_tensor_is_what_its_image_processor_makes_of_the_rendered_square(tmp_path: Path) -> None:
    from transformers import AutoImageProcessor

    encoder = load_encoder("rad_dino", a_dinov2_folder(tmp_path))
    processor = AutoImageProcessor.from_pretrained(tmp_path, local_files_only=True)
    grey = np.repeat(render(a_scan(1), RAD_DINO_SIDE)[0, :, :, np.newaxis] * 255, 3, axis=2)
    truth = processor(grey.astype(np.float32), return_tensors="np", input_data_format="channels_last")["pixel_values"]
    assert np.allclose(encoder.prepare(a_scan(1)), truth, atol=1e-5)


def test_weights_that_leave_a_part_untrained_are_an_error(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = a_dinov2_folder(tmp_path) / "model.safetensors"
    state = {name: value for name, value in load_file(file).items() if "layer.1" not in name}
    save_file(state, file, metadata={"format": "pt"})
    with pytest.raises(InvalidRequest, match="do not fit"):
        load_encoder("rad_dino", tmp_path)


def test_every_file_of_the_folder_is_part_of_the_identity(tmp_path: Path) -> None:
    before = load_encoder("rad_dino", a_dinov2_folder(tmp_path)).identity
    config = tmp_path / "preprocessor_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "image_mean": [0.5, 0.5, 0.5]}))
    after = load_encoder("rad_dino", tmp_path).identity
    assert after.weights != before.weights and after.preprocessing != before.preprocessing


def test_a_folder_without_its_processor_is_an_error(tmp_path: Path) -> None:
    (a_dinov2_folder(tmp_path) / "preprocessor_config.json").unlink()
    with pytest.raises(InvalidRequest, match=r"preprocessor_config\.json is missing"):
        load_encoder("rad_dino", tmp_path)
