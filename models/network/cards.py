"""Cards beside weights files: what a network takes, stated by who knows it, in TOML or JSON."""

import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from scankin.retrieval.errors import InvalidRequest


class Card(BaseModel):
    """What a card states; entries that are not named are left to other readers of the file."""

    model_config = ConfigDict(extra="ignore", frozen=True)


_Card = TypeVar("_Card", bound=Card)


def card_path(weights: Path) -> Path:
    """Return the card of a weights file: its name with .toml or .json, or config.json in its folder.

    Raises:
        InvalidRequest: There is none.
    """
    places = (weights.with_suffix(".toml"), weights.with_suffix(".json"), weights.with_name("config.json"))
    for place in places:
        if place.is_file():
            return place
    raise InvalidRequest(f"{weights.name} has no card: write {places[0].name} beside it (docs/encoders.md).")


def read_card(weights: Path, kind: type[_Card], *, nested: str | None = None) -> _Card:
    """Return the card of a weights file.

    Args:
        weights: The weights file.
        kind: What the card must state.
        nested: A table of the card whose entries count as the card's own.

    Raises:
        InvalidRequest: There is no card, it cannot be read, or an entry is missing or wrong; the message names it.
    """
    path = card_path(weights)
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        inner = raw.get(nested, {}) if nested else {}
        return kind.model_validate({**raw, **inner})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidRequest(f"{path.name}: {wrong}. See docs/encoders.md.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidRequest(f"{path.name} is no card: neither TOML nor JSON. See docs/encoders.md.") from error
