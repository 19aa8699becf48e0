"""What a training minimises: findings, COVID-19, severity, contrast across sources, and being told the source."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (its usual name)
from numpy.typing import NDArray
from torch import Tensor, nn

from scankin.index_build.train.films import Films

TEMPERATURE = 0.1
ALIKE = 0.5
"""Films of one source whose finding sets overlap at least so far are neither pulled together nor pushed apart."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What is known of the films, as tensors by row.

    Attributes:
        names: Findings that are learned.
        findings, stated: ``[n, names]`` 1 shown; 1 where stated at all.
        severity, read: ``[n, measures]`` shares of the scales; 1 where read.
        covid: ``[n]`` 1, 0, -1.
        sources: ``[n]``.
        pull, keep: ``[n, n]`` how much two films should be alike, in [0, 1]; whether they are compared at all.
    """

    names: tuple[str, ...]
    findings: Tensor
    stated: Tensor
    severity: Tensor
    read: Tensor
    covid: Tensor
    sources: Tensor
    pull: NDArray[np.float32]
    keep: NDArray[np.bool_]

    @classmethod
    def of(cls, films: Films, fewest: int) -> "Targets":
        """Return the targets of films; findings that fewer than ``fewest`` films show are left out."""
        counts: dict[str, int] = {}
        for shown in films.shown:
            for name in shown:
                counts[name] = counts.get(name, 0) + 1
        names = tuple(sorted(name for name, count in counts.items() if count >= fewest))
        answers = [[record.findings.get(name) for name in names] for record in films.records]
        severity = films.severity()
        pull, keep = pairs_of(films)
        return cls(
            names=names,
            findings=torch.tensor([[float(answer is True) for answer in row] for row in answers]),
            stated=torch.tensor([[float(answer is not None) for answer in row] for row in answers]),
            severity=torch.from_numpy(np.nan_to_num(severity).astype(np.float32)),
            read=torch.from_numpy((~np.isnan(severity)).astype(np.float32)),
            covid=torch.from_numpy(films.covid),
            sources=torch.from_numpy(films.sources),
            pull=pull,
            keep=keep,
        )


def pairs_of(films: Films) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return who is pulled together and who is compared, both ``[n, n]``.

    Pulled are films of different sources by the overlap (Jaccard) of their findings. Never compared are films of one
    patient, a child's with an adult's, films without findings, and films of one source that are alike: pulling those
    together would teach the source, pushing them apart would be wrong.
    """
    shown = films.shown
    names = sorted({name for one in shown for name in one})
    has = np.array([[name in one for name in names] for one in shown], np.float32).reshape(len(films), len(names))
    both = has @ has.T
    either = has.sum(axis=1)[:, None] + has.sum(axis=1)[None] - both
    overlap = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    same_source = np.equal.outer(films.sources, films.sources)
    some = has.any(axis=1)
    keep = np.not_equal.outer(films.people, films.people) & np.equal.outer(films.is_child, films.is_child)
    keep &= np.logical_and.outer(some, some) & ~(same_source & (overlap >= ALIKE))
    return np.where(same_source | ~keep, 0, overlap).astype(np.float32), keep


class Heads(nn.Module):
    """What sits on the pooled features while training: only the projection is kept."""

    def __init__(self, dim: int, names: int, measures: int, sources: int, *, projected: int = 256) -> None:
        super().__init__()
        self.findings = nn.Linear(dim, names)
        self.severity = nn.Linear(dim, measures)
        self.projection = nn.Linear(dim, projected)
        self.source = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 128), nn.ReLU(), nn.Linear(128, sources)) for _ in range(2)
        )


class _Reversed(torch.autograd.Function):
    """The features forwards; their gradient times a negative number backwards (Ganin 2016)."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return features

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def losses(
    features: Tensor, heads: Heads, targets: Targets, rows: NDArray[np.int64], reversal: float
) -> dict[str, Tensor]:
    """Return each loss of a batch, unweighted.

    Args:
        features: ``[batch, dim]``.
        heads: On the features.
        targets: Of all films.
        rows: ``[batch]`` rows of the films.
        reversal: Strength of the reversed gradient of the source classifiers.
    """
    at = torch.from_numpy(rows)
    told, stated = heads.findings(features), targets.stated[at]
    each = F.binary_cross_entropy_with_logits(told, targets.findings[at], reduction="none")
    severity = F.smooth_l1_loss(heads.severity(features).sigmoid(), targets.severity[at], reduction="none", beta=0.1)
    found = {
        "findings": _mean(each, stated),
        "severity": _mean(severity, targets.read[at]),
        "contrast": contrast(heads.projection(features), targets.pull[rows][:, rows], targets.keep[rows][:, rows]),
        "adversary": _told_source(features, heads, targets, at, reversal),
    }
    if "COVID-19" in targets.names:
        column = targets.names.index("COVID-19")
        found["covid"] = _mean(each[:, column], stated[:, column])
    return found


def contrast(projected: Tensor, pull: NDArray[np.float32], keep: NDArray[np.bool_]) -> Tensor:
    """Return the supervised contrastive loss (Khosla 2020) with soft positives; 0 when a batch has none.

    Args:
        projected: ``[batch, dim]``.
        pull: ``[batch, batch]`` weights of positives.
        keep: ``[batch, batch]`` who is compared.
    """
    unit = F.normalize(projected, dim=1)
    alike = unit @ unit.T / TEMPERATURE
    alike = alike - alike.max(dim=1, keepdim=True).values.detach()
    chosen = torch.from_numpy(keep).float()
    weights = torch.from_numpy(pull)
    surprise = torch.log((alike.exp() * chosen).sum(dim=1, keepdim=True) + 1e-6) - alike
    total = weights.sum(dim=1)
    if not bool((total > 0).any()):
        return projected.sum() * 0
    return ((weights * surprise).sum(dim=1)[total > 0] / total[total > 0]).mean()


def _told_source(features: Tensor, heads: Heads, targets: Targets, at: Tensor, reversal: float) -> Tensor:
    """Return how badly the source is told among films of one state of COVID-19, so that the state is no help."""
    total = features.sum() * 0
    for state, classifier in enumerate(heads.source):
        chosen = targets.covid[at] == state
        if int(chosen.sum()) > 1:
            guessed = classifier(_Reversed.apply(features[chosen], reversal))
            total = total + F.cross_entropy(guessed, targets.sources[at][chosen])
    return total


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)
