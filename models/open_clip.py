"""The image tower of any local OpenCLIP folder, such as BiomedCLIP (Zhang 2023): trained on pictures with captions."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from scankin.models.network import NetworkEncoder, Preparation, Square, needed_folder, sha256_of_weights
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

NAME, EXTRA = "open_clip", "open-clip"
CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TOWER = "visual."


class _Prepared(BaseModel):
    model_config = ConfigDict(extra="ignore")

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")

    embed_dim: int
    vision_cfg: dict[str, Any]
    quick_gelu: bool = False


class _Config(BaseModel):
    """What is used of ``open_clip_config.json``."""

    model_config = ConfigDict(extra="ignore")

    model_cfg: _Model
    preprocess_cfg: _Prepared


def restored(stated: str) -> Preparation:
    """Return the preparation of an exported network."""
    return Square.restored(stated)


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder of a local folder with ``open_clip_config.json`` and the weights.

    Only the image tower is built: the text tower of BiomedCLIP would have to be fetched from elsewhere.

    Raises:
        InvalidRequest: open_clip is not installed, a file is missing, or the weights do not fit the configuration.
    """
    folder = needed_folder(weights, NAME, (CONFIG,))
    files = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    if not files:
        raise InvalidRequest(f"{folder.name}: {' or '.join(WEIGHTS)} is missing. Name a whole OpenCLIP folder.")
    config = _config(folder)
    towers = library("open_clip.model", EXTRA)
    from scankin.models.engines.torch import TorchEngine, fill, state_of  # noqa: PLC0415 (1.8 s, and an extra)

    # The weights are in the folder; a configuration may still name others to start from.
    vision = {**config.model_cfg.vision_cfg, "timm_model_pretrained": False}
    try:
        tower = towers._build_vision_tower(config.model_cfg.embed_dim, vision, config.model_cfg.quick_gelu)
    except (TypeError, RuntimeError, ValueError) as error:
        raise InvalidRequest(f"{folder.name}: {CONFIG} describes an image tower that cannot be built.") from error
    state = state_of(files[0], NAME)
    seen = {name.removeprefix(TOWER): value for name, value in state.items() if name.startswith(TOWER)}
    engine = TorchEngine(fill(tower, seen, files[0], NAME), _embedding, device)
    return NetworkEncoder(NAME, sha256_of_weights(folder), _preparation(config, tower), engine)


def _embedding(tower: Any, batch: Any) -> Any:
    return tower(batch)


def _preparation(config: _Config, tower: Any) -> Square:
    size = tower.image_size
    side = size if isinstance(size, int) else size[0]
    return Square(side, mean=config.preprocess_cfg.mean, spread=config.preprocess_cfg.std)


def _config(folder: Path) -> _Config:
    try:
        return _Config.model_validate(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        raise InvalidRequest(f"{folder.name}: {CONFIG} states no image tower with mean and std.") from error
