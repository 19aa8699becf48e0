"""How often an encoder's maps are true, and how much of them lies in the lungs, over films of a casebook."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.bootstrap import figure, mean_of
from scankin.index_build.outlines import outline
from scankin.index_build.scan_files import ScanFiles, scan_files
from scankin.models.lungs import lung_mask
from scankin.retrieval.errors import CasebookError, InvalidRequest, ScanError
from scankin.retrieval.explainer import Explainer
from scankin.retrieval.explanation import Explanation
from scankin.retrieval.faithfulness import STEPS
from scankin.retrieval.files import replaced
from scankin.retrieval.question import Question
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.scan import Scan
from scankin.retrieval.summaries import wilson

AUDIT_SCHEMA = "scankin.explain-audit/1"
AUDIT = "explain-audit.json"
_SEED = 7


@dataclass(frozen=True)
class ExplainAudit:
    """What was found of the maps of one index.

    Attributes:
        encoder: Its name.
        version: Of the store.
        lungs: Where the lungs come from: "outlines" or "network".
        explanations: Of each film that was explained, its nearest neighbour's.
        seconds: Wall time of each explanation, with search.
        cpu_seconds: Time on a core of each.
        refused: Films that were not explained, by reason code.
    """

    encoder: str
    version: str
    lungs: str
    explanations: tuple[Explanation, ...]
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    refused: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain JSON values; one film a patient, so that shares are of patients.

        Raises:
            CasebookError: No film was explained.
        """
        if not self.explanations:
            raise CasebookError("No film could be explained: all were refused. See the reasons of the build.")
        found = [one.faithfulness for one in self.explanations]
        faithful = sum(one.is_faithful for one in found)
        inside = [one.in_lungs for one in self.explanations if one.in_lungs is not None]
        return {
            "schema": AUDIT_SCHEMA,
            "encoder": self.encoder,
            "version": self.version,
            "films": len(found),
            "refused": dict(self.refused),
            "faithful": {
                "count": faithful,
                "share": faithful / len(found),
                "interval": list(wilson(faithful / len(found), len(found))),
                "by_chance": 1 / (1 + found[0].random_maps),
            },
            "largest_error_of_sum": {
                "query_map": max(abs(float(one.query_map.sum()) - one.similarity) for one in self.explanations),
                "neighbour_map": max(
                    (
                        abs(float(one.neighbour_map.sum()) - one.similarity)
                        for one in self.explanations
                        if one.neighbour_map is not None
                    ),
                    default=None,
                ),
            },
            "random_maps": found[0].random_maps,
            "steps": STEPS,
            "deletion": _mean([one.areas.deletion for one in found]),
            "deletion_random": _mean([one.random.deletion for one in found]),
            "insertion": _mean([one.areas.insertion for one in found]),
            "insertion_random": _mean([one.random.insertion for one in found]),
            "gain_less_random": _mean([one.areas.gain - one.random.gain for one in found]),
            "lungs": {
                "from": self.lungs,
                "films": len(inside),
                "share_of_map": _mean([one.share for one in inside]),
                "share_of_picture": _mean([one.area for one in inside]),
                "difference": _mean([one.share - one.area for one in inside]),
            },
            "median_seconds": float(np.median(self.seconds)),
            "median_cpu_seconds": float(np.median(self.cpu_seconds)),
            "notice": NOTICE,
        }

    def write(self, folder: Path) -> Path:
        """Write the figures into a folder and return where."""
        folder.mkdir(parents=True, exist_ok=True)
        replaced(folder / AUDIT, json.dumps(self.as_json(), indent=1).encode())
        return folder / AUDIT


def explain_audit(
    casebook: Path,
    retriever: Retriever,
    films: int,
    *,
    outlines: Mapping[str, Path] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ExplainAudit:
    """Explain the nearest neighbour of films drawn at random, one a patient, and return what was found.

    Args:
        casebook: Whose films are asked; the index may hold them, own patients never answer.
        retriever: Of an index.
        films: At most so many.
        outlines: Lung masks by file of the source: only films that have one are drawn, and the mask is used. None:
            all films, with the lungs that a network finds.
        progress: Told how many films are done, of how many.

    Raises:
        CasebookError: The casebook cannot be loaded, or has no such film.
        InvalidRequest: The encoder cannot explain.
    """
    book = Casebook.load(casebook)
    drawn = _drawn(book, films, outlines)
    found: list[Explanation] = []
    seconds, cpu = [], []
    refused: Counter[str] = Counter()
    slices = retriever.encoder.slices
    with ReadingPool(1) as pool:
        for done, one in enumerate(drawn, start=1):
            try:
                scan = one.read(pool, slices)
                mask = lung_mask if outlines is None else _outline(outlines[one.files[0]])
                began = time.perf_counter(), time.thread_time()
                found += _nearest_explained(retriever, Explainer(retriever, mask), scan)
                seconds.append(time.perf_counter() - began[0])
                cpu.append(time.thread_time() - began[1])
            except ScanError as error:
                refused[error.reason.value] += 1
            progress(done, len(drawn))
    return ExplainAudit(
        encoder=retriever.encoder.identity.name,
        version=retriever.version.name,
        lungs="network" if outlines is None else "outlines",
        explanations=tuple(found),
        seconds=tuple(seconds),
        cpu_seconds=tuple(cpu),
        refused=refused,
    )


def outlines_of(table: Path) -> dict[str, Path]:
    """Return lung masks by file of the source, of a table with ``image_path`` and ``lung_mask_path`` beside the masks.

    Raises:
        InvalidRequest: It is no such table.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            return {
                row["image_path"]: table.parent / row["lung_mask_path"]
                for row in csv.DictReader(file)
                if row["lung_mask_path"]
            }
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"{table.name} is no table of outlines. It needs the columns image_path and lung_mask_path."
        ) from error


def _drawn(book: Casebook, films: int, outlines: Mapping[str, Path] | None) -> list[ScanFiles]:
    frontal = [
        scan for scan in scan_files(book) if scan.is_frontal_film and (outlines is None or scan.files[0] in outlines)
    ]
    if not frontal:
        raise CasebookError(f"{book.folder.name}: it holds no frontal film of which the maps could be audited.")
    rng = np.random.default_rng(_SEED)
    order = rng.permutation(len(frontal)).tolist()
    of_patient = {frontal[place].record.patient: frontal[place] for place in order}
    return list(of_patient.values())[:films]


def _nearest_explained(retriever: Retriever, explainer: Explainer, scan: Scan) -> tuple[Explanation, ...]:
    nearest = retriever.report(scan, Question(1)).neighbours
    return explainer.explain(scan, [case.scan for case in nearest])


def _outline(path: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return what gives the outlined lungs of one film as its rendered square."""
    return lambda picture: outline(path, len(picture))


def _mean(values: Sequence[float]) -> dict[str, float | int | None]:
    """Return a mean with its 95 % interval over films, which are of one patient each."""
    found = figure(mean_of(np.array(values, np.float64)), np.arange(len(values)))
    return {name: value for name, value in found.as_json().items() if name in ("value", "low", "high")}
