"""The card of an exported network: what it is, what was measured, and what it is not for."""

from pathlib import Path
from typing import Protocol

from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.files import replaced, sha256_of
from scankin.retrieval.report import NOTICE


class Measured(Protocol):
    """What was measured before a network was kept."""

    @property
    def precision(self) -> str:
        """Of the network's arithmetic."""

    def sentence(self) -> str:
        """Return the figures with what they are of."""


def write_card(measured: Measured, encoder: EncoderIdentity, network: Path) -> Path:
    """Write the card beside the network, and return its path."""
    card = network.with_suffix(".md")
    lines = (
        f"# {encoder.name}, {measured.precision}\n",
        f"- **Made from**: the encoder `{encoder.name}`, weights of SHA-256 `{encoder.weights}`.",
        f"- **Prepared by**: {encoder.preprocessing}.",
        f"- **Measured**: {measured.sentence()}",
        f"- **This file**: {network.name}, SHA-256 `{sha256_of(network)}`.",
        f"- {NOTICE}\n",
    )
    replaced(card, "\n".join(lines).encode())
    return card
