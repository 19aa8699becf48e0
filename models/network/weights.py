"""Local weights: files and folders that the user names, hashed; never downloaded."""

import hashlib
import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.files import sha256_of

_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def library(name: str, extra: str) -> ModuleType:
    """Import a library of an optional extra, told to stay offline.

    Raises:
        InvalidRequest: It is not installed; the message names the extra.
    """
    os.environ.update(_OFFLINE)  # read once, when huggingface_hub is imported
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != name.partition(".")[0]:
            raise  # installed, and broken
        raise InvalidRequest(f"{error.name} is not installed. Install it: pip install 'scankin[{extra}]'.") from None


def needed_file(weights: Path | None, encoder: str, what: str) -> Path:
    """Return the weights file.

    Raises:
        InvalidRequest: None is named, or it is not there.
    """
    if weights is None:
        raise InvalidRequest(f"{encoder} comes without weights: name {what} with --weights.")
    if not weights.is_file():
        raise InvalidRequest(f"There is no weights file {weights.name}. Name {what}.")
    return weights


def needed_folder(weights: Path | None, encoder: str, files: tuple[str, ...]) -> Path:
    """Return the weights folder, which holds ``files``.

    Raises:
        InvalidRequest: None is named, or a file is missing.
    """
    if weights is None or not weights.is_dir():
        raise InvalidRequest(f"{encoder} comes without weights: name a local folder with {' and '.join(files)}.")
    for name in files:
        if not (weights / name).is_file():
            raise InvalidRequest(f"{weights.name}: {name} is missing. {encoder} needs {' and '.join(files)}.")
    return weights


def sha256_of_weights(weights: Path) -> str:
    """Return the SHA-256 (hex) of a file; of a folder, that of the list "hash  name" of all files in it, by name."""
    if weights.is_file():
        return sha256_of(weights)
    return sha256_of_files(
        weights, sorted(p.relative_to(weights).as_posix() for p in weights.rglob("*") if p.is_file())
    )


def sha256_of_files(folder: Path, names: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of the list "hash  name" of some files in a folder, in the order given."""
    return hashlib.sha256("".join(f"{sha256_of(folder / name)}  {name}\n" for name in names).encode()).hexdigest()
