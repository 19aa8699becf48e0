"""Trains the lung finder on films whose lungs somebody outlined, and writes it as ONNX."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from scankin.index_build.casebook import Casebook
from scankin.index_build.scan_files import scan_files
from scankin.index_build.train.people import people_of
from scankin.index_build.train.split import Part, parts_of
from scankin.models.lungs.locate import SIDE
from scankin.retrieval.encoder import DEFAULT_SLICES
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced, sha256_of
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.rendering import pad_square, render, resize
from scankin.retrieval.report import NOTICE
from scankin.retrieval.scan import Modality

WIDTHS = (12, 24, 48, 64)
EPOCHS, BATCH, RATE = 40, 16, 4e-3
SEED = 0
FEWEST = 40
WEIGHTS, RESULTS = "lungs.onnx", "lungs.json"
Progress = Callable[[int, int], None]


class LungNet(nn.Module):
    """A U-Net (Ronneberger 2015): a picture ``[n, 1, 128, 128]`` in [0, 1] to logits of the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        channels = 1
        for width in WIDTHS:
            self.down.append(_block(channels, width))
            channels = width
        for width in reversed(WIDTHS[:-1]):
            self.up.append(_block(channels + width, width))
            channels = width
        self.out = nn.Conv2d(channels, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits of each pixel showing a lung."""
        kept = []
        for depth, block in enumerate(self.down):
            pictures = block(F.max_pool2d(pictures, 2) if depth else pictures)
            kept.append(pictures)
        kept.pop()
        for block in self.up:
            larger = F.interpolate(pictures, scale_factor=2, mode="bilinear", align_corners=False)
            pictures = block(torch.cat([larger, kept.pop()], dim=1))
        logits: Tensor = self.out(pictures)
        return logits


@dataclass(frozen=True)
class TrainedLungs:
    """What a training of the lung finder gave.

    Attributes:
        weights: The ONNX file.
        learned, kept_aside: Outlined films.
        dice: Mean and 5th percentile on those kept aside.
    """

    weights: Path
    learned: int
    kept_aside: int
    dice: tuple[float, float]


def train_lungs(casebook: Path, masks: Path, out: Path, *, workers: int, progress: Progress) -> TrainedLungs:
    """Train on the films of a casebook that have a mask, and write network and results into ``out``.

    Args:
        casebook: Its X-rays are used.
        masks: Folder, searched whole, of PNG masks named like the source id of their film, lungs white.
        out: Made when it is not there.
        workers: Reading processes, and threads of the network.
        progress: Told how many steps are done, of how many.

    Raises:
        CasebookError: Fewer than 40 films have a mask.
    """
    torch.manual_seed(SEED)
    torch.set_num_threads(workers)
    pictures, outlines, parts = _outlined(casebook, masks, workers)
    learned = np.flatnonzero(parts != Part.KEPT_ASIDE)
    aside = np.flatnonzero(parts == Part.KEPT_ASIDE)
    net = _fit(pictures[learned], outlines[learned], progress)
    dice = _dice(net, pictures[aside], outlines[aside])
    out.mkdir(parents=True, exist_ok=True)
    replaced(out / WEIGHTS, _onnx(net))
    found = TrainedLungs(out / WEIGHTS, len(learned), len(aside), (float(dice.mean()), float(np.percentile(dice, 5))))
    raw = {
        "schema": "scankin.lungs/1",
        "learned": found.learned,
        "kept_aside": found.kept_aside,
        "dice": {"mean": found.dice[0], "percentile_5": found.dice[1]},
        "sha256": sha256_of(found.weights),
        "notice": NOTICE,
    }
    replaced(out / RESULTS, json.dumps(raw, indent=1).encode())
    return found


def _block(inside: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [nn.Conv2d(channels, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
    return nn.Sequential(*layers)


def _outlined(casebook: Path, masks: Path, workers: int) -> tuple[Tensor, Tensor, NDArray[np.int64]]:
    """Return films and masks ``[n, 1, 128, 128]`` in [0, 1], and the part of each film."""
    book = Casebook.load(casebook)
    drawn = {path.stem: path for path in masks.rglob("*.png")}
    named = zip(scan_files(book), book.tables["scans"]["source_id"].to_pylist(), strict=True)
    every = [(scan, source_id) for scan, source_id in named if scan.record.modality is Modality.XRAY]
    people = people_of(casebook, [scan.record for scan, _ in every])
    all_parts = parts_of([source_id for _, source_id in every], people)
    chosen = [place for place, (_, source_id) in enumerate(every) if source_id in drawn]
    if len(chosen) < FEWEST:
        raise CasebookError(f"{masks.name}: {len(chosen)} films have a mask there; at least {FEWEST} are needed.")
    pictures, outlines = [], []
    with ReadingPool(workers) as pool:
        for place in chosen:
            scan, source_id = every[place]
            pictures.append(render(scan.read(pool, DEFAULT_SLICES), SIDE)[0])
            with Image.open(drawn[source_id]) as mask:
                grey = np.asarray(mask.convert("L"), np.float32) / 255
            outlines.append(pad_square(resize(grey, SIDE), SIDE))
    stacked = [torch.from_numpy(np.stack(held))[:, None] for held in (pictures, outlines)]
    return stacked[0], stacked[1], all_parts[chosen]


def _fit(pictures: Tensor, outlines: Tensor, progress: Progress) -> LungNet:
    rng = np.random.default_rng(SEED)
    net = LungNet()
    steps = max(len(pictures) // BATCH, 1)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(pictures))
        for step in range(steps):
            progress(epoch * steps + step, EPOCHS * steps)
            rows = torch.from_numpy(order[step * BATCH : (step + 1) * BATCH])
            seen, wanted = _changed(pictures[rows], outlines[rows], rng)
            told = net(seen)
            likely = told.sigmoid()
            overlap = (2 * (likely * wanted).sum((1, 2, 3)) + 1) / ((likely + wanted).sum((1, 2, 3)) + 1)
            loss = F.binary_cross_entropy_with_logits(told, wanted) + 1 - overlap.mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def _changed(pictures: Tensor, outlines: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return films and masks moved, scaled, turned and mirrored together; films exposed otherwise, with noise."""
    count = len(pictures)
    maps = torch.zeros(count, 2, 3)
    for place in range(count):
        turn, scale, mirror = rng.normal(0, 0.12), rng.uniform(0.75, 1.5), rng.choice([-1, 1])
        aspect, (x, y) = rng.uniform(0.85, 1.18), rng.uniform(-0.2, 0.2, 2)
        cos, sin = math.cos(turn), math.sin(turn)
        maps[place] = torch.tensor(
            [[mirror * scale * aspect * cos, -scale * sin, x], [scale * sin, scale / aspect * cos, y]]
        )
    grid = F.affine_grid(maps, list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, grid, align_corners=False).clamp(0, 1)

    def drawn(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))[:, None, None, None]

    exposed = moved ** drawn(np.exp(rng.normal(0, 0.35, count)))
    exposed = (exposed - 0.5) * drawn(rng.uniform(0.6, 1.4, count)) + 0.5 + drawn(rng.normal(0, 0.1, count))
    noise = torch.from_numpy(rng.standard_normal(exposed.shape, dtype=np.float32))
    return exposed + 0.03 * noise, F.grid_sample(outlines, grid, align_corners=False)


def _dice(net: LungNet, pictures: Tensor, outlines: Tensor) -> NDArray[np.float64]:
    with torch.inference_mode():
        found = net(pictures) > 0
    wanted = outlines > 0.5
    both = (found & wanted).sum((1, 2, 3)).double()
    return np.asarray((2 * both / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))).clamp(min=1)).numpy())


class _Likely(nn.Module):
    def __init__(self, net: LungNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> Tensor:
        likely: Tensor = self.net(pictures).sigmoid()
        return likely


def _onnx(net: LungNet) -> bytes:
    example: Any = (torch.zeros(1, 1, SIDE, SIDE),)
    program: Any = torch.onnx.export(
        _Likely(net).eval(), example, input_names=["picture"], output_names=["lungs"], dynamo=True, verbose=False
    )
    made: bytes = program.model_proto.SerializeToString()
    return made
