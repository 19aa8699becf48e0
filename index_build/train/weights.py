"""The weights of a trained encoder as a file, and marks of the films that it learned from."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from scankin.index_build.train.films import Films
from scankin.index_build.train.fit import Fit
from scankin.index_build.train.whiten import fit_whitening
from scankin.retrieval.files import replaced


def write_weights(fit: Fit, path: Path) -> Path:
    """Write the network as float16 and its last step, fitted on the films learned from, as float32; return where."""
    from safetensors.torch import save  # noqa: PLC0415 (only when trained)

    held = {f"net.{name}": tensor for name, tensor in fit.trunk.net.state_dict().items() if "num_batches" not in name}
    small = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in held.items()}
    mean, matrix = fit_whitening(fit.trunk.encode(fit.films.crops[fit.rows], fit.recipe.side))
    small |= {"head.mean": torch.from_numpy(mean), "head.matrix": torch.from_numpy(np.ascontiguousarray(matrix))}
    replaced(path, save(small, metadata={"recipe": fit.recipe.name}))
    return path


def fitted_marks(films: Films, rows: NDArray[np.int64]) -> list[str]:
    """Return the SHA-256 of the source id of each film learned from, sorted: for collections whose ids are public."""
    return sorted(hashlib.sha256(films.source_ids[row].encode()).hexdigest() for row in rows)
