"""Gates as they lie in a version: one npz file, arrays only."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.arrays import packed, unpacked
from scankin.retrieval.errors import StoreCorrupt
from scankin.retrieval.gate.depth import Depth
from scankin.retrieval.gate.gate import FALSE_REFUSAL, WORDS, Gate
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.scan import Modality

GATE = "gate.npz"
FORMAT = "scankin.gate/1"
_PARTS = ("reference", "centre", "spread", "axes", "variances")


@dataclass(frozen=True, eq=False)
class Gates:
    """The gates of a version.

    Attributes:
        by_modality: Those that could be fitted.
        notes: What was fitted, or why not, by the modality's name: it goes into the manifest.
        references: Scan keys of each gate's reference, row by row.
        false_refusal: What was asked of the build.
    """

    by_modality: Mapping[Modality, Gate]
    notes: Mapping[str, str]
    references: Mapping[Modality, tuple[str, ...]]
    false_refusal: float

    def to_bytes(self) -> bytes:
        """Return the file; the reference vectors are not in it, since the index has them."""
        head = {"format": FORMAT, "notes": dict(self.notes), "false_refusal": self.false_refusal}
        arrays: dict[str, NDArray[np.generic]] = {}
        for modality, gate in self.by_modality.items():
            arrays[f"{modality.name}.scans"] = np.array(self.references[modality], "S")
            arrays[f"{modality.name}.calibration"] = gate.calibration
            for name, depth in gate.depths.items():
                for part in _PARTS if name != "vector" else _PARTS[1:]:
                    arrays[f"{modality.name}.{name}.{part}"] = getattr(depth, part)
        return packed(head, arrays)


NO_GATES = Gates({}, {}, {}, FALSE_REFUSAL)
"""Of a version without any."""


def notes_in(data: bytes) -> dict[str, str]:
    """Return the notes of a file's bytes."""
    with unpacked(data, FORMAT, GATE) as (head, _):
        notes: dict[str, str] = head["notes"]
        return notes


def gates_from(data: bytes, indexes: Mapping[Modality, ScanIndex]) -> Gates:
    """Return the gates of a file's bytes, joined with the vectors of the version they were fitted on.

    Raises:
        StoreCorrupt: It is of another format or another index.
    """
    try:
        with unpacked(data, FORMAT, GATE) as (head, held):
            gates, references = {}, {}
            for modality, index in indexes.items():
                if f"{modality.name}.scans" not in held:
                    continue
                keys = tuple(key.decode() for key in held[f"{modality.name}.scans"].tolist())
                rows = {record.scan: row for row, record in enumerate(index.records)}
                parts = {name: {part: held[f"{modality.name}.{name}.{part}"] for part in _PARTS[1:]} for name in WORDS}
                for name in WORDS:
                    parts[name]["reference"] = (
                        index.vectors[[rows[key] for key in keys]]
                        if name == "vector"
                        else held[f"{modality.name}.{name}.reference"]
                    )
                depths = {name: Depth(**of) for name, of in parts.items()}
                gates[modality] = Gate(depths, held[f"{modality.name}.calibration"], head["false_refusal"])
                references[modality] = keys
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise StoreCorrupt(f"{GATE} does not fit its index. Roll back or rebuild.") from error
    return Gates(gates, head["notes"], references, head["false_refusal"])
