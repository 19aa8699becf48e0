"""RAD-DINO (Perez-Garcia 2024), or any vision transformer of a local Hugging Face folder: its class token."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from scankin.models.network import NetworkEncoder, Preparation, Square, needed_folder, sha256_of_weights
from scankin.models.network.weights import library
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest

NAME, EXTRA = "rad_dino", "rad-dino"
CONFIG, PROCESSOR = "config.json", "preprocessor_config.json"


class _Processor(BaseModel):
    """What is used of ``preprocessor_config.json``, as BitImageProcessor and ViTImageProcessor write it."""

    model_config = ConfigDict(extra="ignore")

    do_rescale: bool = True
    do_normalize: bool = True
    rescale_factor: float = 1 / 255
    image_mean: tuple[float, float, float]
    image_std: tuple[float, float, float]
    size: dict[str, int]
    do_center_crop: bool = False
    crop_size: dict[str, int] | None = None

    def side(self) -> int | None:
        """Return the side of the square that the network sees; None when it is no square."""
        cropped = self.crop_size if self.do_center_crop and self.crop_size else self.size
        sides = set(cropped.values())
        return sides.pop() if len(sides) == 1 else None


def restored(stated: str) -> Preparation:
    """Return the preparation of an exported network."""
    return Square.restored(stated)


def load(weights: Path | None, device: str) -> Encoder:
    """Return the encoder of a local folder with ``config.json``, ``preprocessor_config.json`` and the weights.

    Raises:
        InvalidRequest: transformers is not installed, a file is missing, the network has no class token, or the
            weights leave a part of it untrained.
    """
    folder = needed_folder(weights, NAME, (CONFIG, PROCESSOR))
    transformers = library("transformers", EXTRA)
    from scankin.models.engines.torch import TorchEngine  # noqa: PLC0415 (1.8 s, and an extra)

    preparation = _preparation(folder)
    engine = TorchEngine(_network(transformers, folder), _class_token, device)
    return NetworkEncoder(NAME, sha256_of_weights(folder), preparation, engine)


def _network(transformers: Any, folder: Path) -> Any:
    transformers.logging.set_verbosity_error()
    try:
        net, loaded = transformers.AutoModel.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise InvalidRequest(f"{folder.name} does not hold a vision transformer. Name a fitting folder.") from error
    # transformers fills what a file lacks with random numbers, and goes on.
    if loaded["missing_keys"] or loaded["mismatched_keys"]:
        raise InvalidRequest(f"{folder.name}: its weights do not fit its {CONFIG}. Name a whole folder.")
    return net


def _class_token(net: Any, batch: Any) -> Any:
    return net(pixel_values=batch).pooler_output


def _preparation(folder: Path) -> Square:
    try:
        stated = _Processor.model_validate_json((folder / PROCESSOR).read_bytes())
    except ValidationError as error:
        raise InvalidRequest(f"{folder.name}: {PROCESSOR} does not state size, mean and spread.") from error
    side = stated.side()
    if side is None or not (stated.do_rescale and stated.do_normalize):
        raise InvalidRequest(f"{folder.name}: {PROCESSOR} asks for pictures that are not square, or not normalised.")
    return Square(side, mean=stated.image_mean, spread=stated.image_std, white=255 * stated.rescale_factor)
