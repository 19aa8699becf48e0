"""A recipe: everything that a training depends on but the data, as a small file beside this module."""

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from scankin.retrieval.errors import InvalidRequest, UnknownName

FOLDER = Path(__file__).with_name("recipes")


@dataclass(frozen=True)
class Recipe:
    """How the encoder is trained.

    Attributes:
        name: Of the recipe's file.
        seed: Of sampling, augmentation and the first weights of the heads.
        side: Pixels of the square that the network sees.
        epochs: Most passes; the inner fold decides how many of them are kept.
        batch: Films a step.
        rate, head_rate: Highest learning rates of the network and of the heads.
        decay: Weight decay.
        frozen_blocks: First blocks of the network that stay as ImageNet left them.
        average: Decay of the running mean of weights, which is what is measured and kept.
        evenness: 0: films are drawn as often as they are; 1: each source and state of COVID-19 as often as another.
        fewest_films: A finding that fewer films show is not learned.
        findings, covid, severity, contrast, adversary: Weights of the losses; 0 leaves one out.
        reversal: Strength of the reversed gradient of the source classifier.
        styles: Chance, a layer, that the channel statistics of films are mixed (Zhou 2021).
        spectra: Chance, a film, that its amplitude spectrum is mixed with another's (Xu 2021).
    """

    name: str
    seed: int = 1
    side: int = 192
    epochs: int = 18
    batch: int = 32
    rate: float = 4e-4
    head_rate: float = 2e-3
    decay: float = 0.02
    frozen_blocks: int = 5
    average: float = 0.997
    evenness: float = 0.6
    fewest_films: int = 25
    findings: float = 2.0
    covid: float = 1.0
    severity: float = 4.0
    contrast: float = 0.5
    adversary: float = 0.3
    reversal: float = 0.2
    styles: float = 0.0
    spectra: float = 0.0

    def as_json(self) -> dict[str, str | int | float]:
        """Return all settings by name."""
        return asdict(self)


def recipe_names() -> list[str]:
    """Return the names of the encoder recipes that there are, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Return a recipe by its name, or from a TOML file by its path.

    Raises:
        UnknownName: There is no such recipe.
        InvalidRequest: The file is not TOML, or a setting is unknown or of the wrong kind.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise UnknownName(f"There is no recipe {path.stem!r}. There are: {', '.join(recipe_names())}, lungs.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} is not a TOML file: {error}.") from error
    kinds: dict[str, type[int | float]] = {
        field.name: float if field.type is float else int for field in fields(Recipe) if field.name != "name"
    }
    for key, value in raw.items():
        if key not in kinds:
            raise InvalidRequest(f"{path.name}: there is no setting {key!r}. There are: {', '.join(kinds)}.")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isinstance(value, kinds[key] | int):
            raise InvalidRequest(f"{path.name}: {key} is {value!r}; a {kinds[key].__name__} is needed.")
    given: dict[str, Any] = {key: kinds[key](value) for key, value in raw.items()}
    return Recipe(path.stem, **given)
