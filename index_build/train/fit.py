"""The training loop: resumable, measured on an inner fold, ended where that fold is best."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from scankin.index_build.train.augment import Augmentation
from scankin.index_build.train.films import Films
from scankin.index_build.train.losses import Heads, Targets, losses
from scankin.index_build.train.network import DIM, Trunk, imagenet
from scankin.index_build.train.recipe import Recipe
from scankin.retrieval.errors import CasebookError, InvalidRequest
from scankin.retrieval.files import replaced
from scankin.retrieval.measures import MEASURES

CLIP = 5.0
WARM_UP = 0.15
Measure = Callable[[Trunk], dict[str, float]]
"""Gives the figures of the inner fold."""


@dataclass
class Course:
    """What a training has gone through.

    Attributes:
        losses: Mean of each loss by epoch.
        measured: Figures of the inner fold with their ``epoch``, in the second half; empty while refitting.
        seconds: So far.
    """

    losses: list[dict[str, float]] = field(default_factory=list)
    measured: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


class Fit:
    """One training of one recipe on some rows; everything it holds is in its checkpoint."""

    def __init__(self, recipe: Recipe, films: Films, rows: NDArray[np.int64]) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.films, self.rows = recipe, films, rows
        self.rng = np.random.default_rng(recipe.seed)
        self.targets = Targets.of(films, recipe.fewest_films)
        if not self.targets.names:
            raise CasebookError(f"No finding is shown by {recipe.fewest_films} films, so there is nothing to learn.")
        self.trunk = Trunk(imagenet(), recipe.frozen_blocks, recipe.styles)
        self.heads = Heads(DIM, len(self.targets.names), len(MEASURES), len(films.source_names))
        self.course = Course()
        self._learned = [*self.trunk.learned(), *self.heads.parameters()]
        self._average = [parameter.detach().clone() for parameter in self._learned]
        self._steps = max(len(rows) // recipe.batch, 1)
        groups = [
            {"params": list(self.trunk.learned()), "lr": recipe.rate},
            {"params": list(self.heads.parameters()), "lr": recipe.head_rate},
        ]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            [recipe.rate, recipe.head_rate],
            total_steps=recipe.epochs * self._steps,
            pct_start=WARM_UP,
        )
        self._chances = _chances(films, rows, recipe.evenness)
        self._augment = Augmentation(recipe.side, recipe.spectra)

    @property
    def epochs(self) -> int:
        """How many are done."""
        return len(self.course.losses)

    def run(
        self,
        epochs: int,
        checkpoint: Path,
        measure: Measure | None = None,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        """Train up to ``epochs``, from the checkpoint if there is one, writing it after each."""
        self._resume(checkpoint)
        while self.epochs < epochs:
            began = time.monotonic()
            self.course.losses.append(self._epoch(epochs, progress))
            if measure is not None and self.epochs * 2 > self.recipe.epochs:
                with self.averaged():
                    self.course.measured.append({"epoch": self.epochs, **measure(self.trunk)})
            self.course.seconds += time.monotonic() - began
            self._save(checkpoint)

    def _epoch(self, epochs: int, progress: Callable[[int, int], None]) -> dict[str, float]:
        sums: dict[str, float] = {}
        recipe = self.recipe
        weights = {name: getattr(recipe, name) for name in ("findings", "covid", "severity", "contrast", "adversary")}
        for step in range(self._steps):
            done = self.epochs * self._steps + step
            progress(done, epochs * self._steps)
            rows = self.rng.choice(self.rows, recipe.batch, replace=len(self.rows) < recipe.batch, p=self._chances)
            share = done / (recipe.epochs * self._steps)
            reversal = recipe.reversal * (2 / (1 + math.exp(-6 * share)) - 1)
            features = self.trunk(self._augment(self.films.crops[rows], self.rng), self.rng)
            found = losses(features, self.heads, self.targets, rows, reversal)
            total = torch.stack([weights[name] * loss for name, loss in found.items()]).sum()
            self._optimiser.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(list(self.trunk.learned()), CLIP)
            self._optimiser.step()
            self._schedule.step()
            self._follow(done)
            for name, loss in found.items():
                sums[name] = sums.get(name, 0.0) + float(loss.detach()) / self._steps
        return sums

    def _follow(self, done: int) -> None:
        """Move the running mean of weights; it starts fast."""
        decay = min(self.recipe.average, (1 + done) / (10 + done))
        with torch.no_grad():
            for mean, parameter in zip(self._average, self._learned, strict=True):
                mean.mul_(decay).add_(parameter, alpha=1 - decay)

    def averaged(self) -> "_Averaged":
        """Return a context in which the network has the running mean of its weights."""
        return _Averaged(self._learned, self._average)

    def _save(self, checkpoint: Path) -> None:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        temporary = checkpoint.with_suffix(".tmp")
        torch.save(
            {
                "recipe": self.recipe.as_json(),
                "rows": _digest(self.rows),
                "net": self.trunk.net.state_dict(),
                "heads": self.heads.state_dict(),
                "average": self._average,
                "optimiser": self._optimiser.state_dict(),
                "schedule": self._schedule.state_dict(),
                "rng": json.dumps(self.rng.bit_generator.state),
                "torch_rng": torch.get_rng_state(),
                "course": json.dumps(vars(self.course)),
            },
            temporary,
        )
        replaced(checkpoint, temporary.read_bytes())
        temporary.unlink()

    def _resume(self, checkpoint: Path) -> None:
        if not checkpoint.is_file():
            return
        held: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if held["recipe"] != self.recipe.as_json() or held["rows"] != _digest(self.rows):
            raise InvalidRequest(
                f"{checkpoint.name} is of another recipe or other films. Name another --out, or delete it."
            )
        self.trunk.net.load_state_dict(held["net"])
        self.heads.load_state_dict(held["heads"])
        for mean, kept in zip(self._average, held["average"], strict=True):
            mean.copy_(kept)
        self._optimiser.load_state_dict(held["optimiser"])
        self._schedule.load_state_dict(held["schedule"])
        self.rng.bit_generator.state = json.loads(held["rng"])
        torch.set_rng_state(held["torch_rng"])
        self.course = Course(**json.loads(held["course"]))


class _Averaged:
    def __init__(self, learned: list[nn.Parameter], average: list[torch.Tensor]) -> None:
        self._learned, self._average = learned, average
        self._kept: list[torch.Tensor] = []

    def __enter__(self) -> None:
        self._kept = [parameter.detach().clone() for parameter in self._learned]
        self._put(self._average)

    def __exit__(self, *_: object) -> None:
        self._put(self._kept)

    def _put(self, values: list[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._learned, values, strict=True):
                parameter.copy_(value)


def _chances(films: Films, rows: NDArray[np.int64], evenness: float) -> NDArray[np.float64]:
    """Return how often each row is drawn: sources and states of COVID-19 evened out, as far as ``evenness`` says."""
    cells = films.sources[rows] * 3 + films.covid[rows] + 1
    counts = np.bincount(cells)[cells]
    weights = counts.astype(float) ** -evenness
    return np.asarray(weights / weights.sum())


def _digest(rows: NDArray[np.int64]) -> str:
    return hashlib.sha256(rows.tobytes()).hexdigest()
