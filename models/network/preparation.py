"""From a scan to the tensor a network takes, in numpy, with the check that a tensor has the range it should have."""

import json
from dataclasses import asdict, dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.encoder import DEFAULT_SLICES, FULL_SQUARE, Box
from scankin.retrieval.errors import InvalidRequest, Reason, RefusedScan
from scankin.retrieval.rendering import RENDERING, render
from scankin.retrieval.scan import Scan

REACHED = 1 / 3
"""A tensor must come within this share of the range to either end of it: a film does by its stretch to percentiles,
chest CT by air (0.23 of the lung window) and bone. Values of another range, such as 0..1 for -1024..1024, do not."""

ROUNDING = 1e-4
"""Float32 arithmetic may pass the ends by this share of the range."""


class Preparation(Protocol):
    """Turns a scan into what a network takes."""

    @property
    def name(self) -> str:
        """The steps with their parameters: the preprocessing of an encoder's identity."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one prepared slice."""

    @property
    def slices(self) -> int:
        """How many slices of a CT series it wants."""

    def __call__(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, channels, height, width]``."""

    def require(self, tensor: NDArray[np.float32]) -> None:
        """Raise ValueError unless the tensor has the shape and range that the network was trained on."""

    def placement(self, scan: Scan) -> Box:
        """Return which part of the scan's rendered square the tensor shows."""

    def stated(self) -> str:
        """Return its parameters as text, from which an exported network restores it."""


@dataclass(frozen=True)
class Square:
    """The rendered grey square: ``((white - black) v + black - mean) / spread`` for grey ``v`` in [0, 1].

    Attributes:
        side: Pixels of a side.
        mean, spread: One of each channel; the grey is repeated for them.
        black, white: What 0 and 1 become before mean and spread, such as -1024 and 1024.
        slices: Slices of a CT series.
    """

    side: int
    mean: tuple[float, ...] = (0.0,)
    spread: tuple[float, ...] = (1.0,)
    black: float = 0.0
    white: float = 1.0
    slices: int = DEFAULT_SLICES

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.spread) or len(self.mean) not in (1, 3) or min(self.spread) <= 0:
            raise InvalidRequest("A network takes 1 or 3 channels, each with a mean and a positive spread.")
        if not self.black < self.white or self.side < 1:
            raise InvalidRequest("A network needs a side of at least one pixel, and black below white.")

    @property
    def name(self) -> str:
        """The steps: rendering, side, channels, values, slices."""
        formulas = list(dict.fromkeys(self._formula(m, s) for m, s in zip(self.mean, self.spread, strict=True)))
        channels = "grey x3" if len(self.mean) == 3 else "grey"
        return f"{RENDERING}; side {self.side}; {channels}, {', '.join(formulas)}; up to {self.slices} slices"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return len(self.mean), self.side, self.side

    def __call__(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, channels, side, side]``.

        Raises:
            RefusedScan: The scan is blank, or a volume that shows no contrast in the lung window.
        """
        grey = self.grey(scan)
        if grey.min() > REACHED or grey.max() < 1 - REACHED:
            raise RefusedScan(
                Reason.BLANK, "The volume is blank in the lung window: it shows no air, or nothing but air."
            )
        values = [
            (grey * (self.white - self.black) + (self.black - m)) / s
            for m, s in zip(self.mean, self.spread, strict=True)
        ]
        return np.stack(values, axis=1).astype(np.float32)

    def grey(self, scan: Scan) -> NDArray[np.float32]:
        """Return ``[slices, side, side]`` in [0, 1]."""
        return render(scan, self.side)

    def require(self, tensor: NDArray[np.float32]) -> None:
        """Raise ValueError unless the tensor is ``[n, channels, side, side]`` float32 and spans this range."""
        if tensor.dtype != np.float32 or tensor.ndim != 4 or tensor.shape[1:] != self.shape or not len(tensor):
            raise ValueError(
                f"Tensor: {tensor.dtype} {tensor.shape} given; float32 [slices, {', '.join(map(str, self.shape))}] "
                "needed. Use prepare."
            )
        for channel, (mean, spread) in enumerate(zip(self.mean, self.spread, strict=True)):
            low, high = (self.black - mean) / spread, (self.white - mean) / spread
            least, most = float(tensor[:, channel].min()), float(tensor[:, channel].max())
            over, reach = ROUNDING * (high - low), REACHED * (high - low)
            # Written so that NaN fails.
            if not (low - over <= least <= low + reach + over and high - reach - over <= most <= high + over):
                raise ValueError(
                    f"Tensor: values {least:.4g} to {most:.4g} in channel {channel}; the network was trained on "
                    f"{low:.4g} to {high:.4g} and would give garbage. Use prepare."
                )

    def placement(self, scan: Scan) -> Box:  # noqa: ARG002 (other preparations crop)
        """Return the full square: nothing is cropped."""
        return FULL_SQUARE

    def stated(self) -> str:
        """Return the parameters as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def restored(cls, stated: str) -> Self:
        """Return the preparation of ``stated``.

        Raises:
            InvalidRequest: The text states none.
        """
        try:
            raw = json.loads(stated)
            return cls(**{**raw, "mean": tuple(raw["mean"]), "spread": tuple(raw["spread"])})
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidRequest("The file does not state how pictures are prepared. Export it again.") from error

    def _formula(self, mean: float, spread: float) -> str:
        offset = self.black - mean
        scaled = f"{self.white - self.black:.10g} v {'-' if offset < 0 else '+'} {abs(offset):.10g}"
        return f"({scaled}) / {spread:.10g}"
