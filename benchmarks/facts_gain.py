"""Whether ordering by clinical facts too changes what neighbours tell, against the picture alone, paired by patient.

Usage: ``python benchmarks/facts_gain.py STORE [--weight 0.05 --weight 0.2] [--least 2]``. Every patient in whom an
outcome is known, and one of whose scans states at least ``--least`` facts beyond age and sex, asks once, by the scan
that states most. Other patients of the same age group in whom it is known answer, each by the nearest scan. Told are
the share of the 10 nearest in whom the outcome is as in the patient who asks (P@10), and the AUC of the share in whom
it happened; and their differences from weight 0 with 95 % intervals by drawing patients again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from scankin.index_build.evaluate.bootstrap import area, figure
from scankin.retrieval.clinical.comparison import DEFAULT_WEIGHT
from scankin.retrieval.clinical.likeness import WHO, facts_of_record
from scankin.retrieval.estimates.evidence import evidence_of
from scankin.retrieval.outcomes import Outcome, all_outcomes
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality
from scankin.retrieval.store import load_version
from scankin.retrieval.version import IndexVersion

Floats = NDArray[np.float64]

NEAREST = 10
FEWEST, FEWEST_OF_EACH = 20, 5
"""Patients who ask, and of them with and without the outcome, below which nothing is told."""
DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Answers:
    """What the nearest told of each patient who asked, by weight.

    Attributes:
        happened: ``[q]`` of the patients who asked.
        shares: ``[w, q]``: share of the 10 nearest in whom it happened.
    """

    happened: NDArray[np.bool_]
    shares: Floats

    @property
    def precisions(self) -> Floats:
        """``[w, q]``: share of the 10 nearest who are as the patient who asked."""
        return np.where(self.happened, self.shares, 1 - self.shares)


def answers(version: IndexVersion, modality: Modality, outcome: Outcome, weights: list[float], least: int) -> Answers:
    """Return what neighbours tell of an outcome, asked patient by patient."""
    index, columns = version.indexes[modality], version.facts[modality]
    evidence = evidence_of(outcome, index.records, version.cases)
    known = evidence.weight > 0
    patients = np.array([record.patient for record in index.records])
    is_child = np.array([record.is_child for record in index.records])
    stated = [facts_of_record(record) for record in index.records]
    rows = _asking(index.records, stated, known, least)
    shares = np.full((len(weights), len(rows)), np.nan)
    for place, row in enumerate(rows):
        allowed = np.flatnonzero(known & (patients != patients[row]) & (is_child == is_child[row]))
        cosines = (index.vectors[allowed] @ index.vectors[row]).astype(np.float64)
        alike = columns.likeness(stated[row])[allowed]
        for number, weight in enumerate(weights):
            order = allowed[np.argsort(-(cosines + weight * alike), kind="stable")]
            firsts = np.sort(np.unique(patients[order], return_index=True)[1])[:NEAREST]
            shares[number, place] = evidence.happened[order[firsts]].mean() if len(firsts) else np.nan
    return Answers(evidence.happened[rows] > 0, shares)


def _asking(
    records: tuple[ScanRecord, ...], stated: list[dict[str, float]], known: NDArray[np.bool_], least: int
) -> NDArray[np.int64]:
    """Return the row of each patient's scan that states most beyond age and sex, by key where several do."""
    best: dict[str, tuple[int, str, int]] = {}
    for row, (record, facts) in enumerate(zip(records, stated, strict=True)):
        further = len(set(facts) - set(WHO))
        if known[row] and further >= least:
            held = (-further, record.scan, row)
            best[record.patient] = min(held, best.get(record.patient, held))
    return np.array(sorted(row for _, _, row in best.values()), np.int64)


def main(
    store: Path,
    weight: Annotated[list[float] | None, typer.Option(help="Beside 0; repeatable.")] = None,
    least: Annotated[int, typer.Option(help="Facts beyond age and sex that a patient who asks states.")] = 2,
) -> None:
    """Print what weights of facts change."""
    version = load_version(store)
    weights = [0.0, *(weight or [DEFAULT_WEIGHT, 0.1, 0.2, 0.5, 1.0])]
    for modality in version.indexes:
        table = Table(title=f"{modality.value}, {version.encoder.name}: P@{NEAREST} and AUC, less those of weight 0")
        for heading in ("outcome", "patients (yes)", "weight", "P@10", "difference", "AUC", "difference"):
            table.add_column(heading)
        for outcome in all_outcomes():
            told = answers(version, modality, outcome, weights, least)
            yes = int(told.happened.sum())
            if len(told.happened) >= FEWEST and min(yes, len(told.happened) - yes) >= FEWEST_OF_EACH:
                for row in _rows(told, weights):
                    table.add_row(outcome.name, f"{len(told.happened)} ({yes})", *row)
        Console(width=130).print(table)
        _print_joint(version, modality)


def _rows(told: Answers, weights: list[float]) -> list[tuple[str, ...]]:
    truth = told.happened.astype(np.int64)
    people = np.arange(len(truth))
    precisions, plain = told.precisions, told.shares[0]
    rows = []
    for number, weight in enumerate(weights):
        shares = told.shares[number]
        row = (f"{weight:g}", f"{np.nanmean(precisions[number]):.3f}")
        apart = figure(lambda at, n=number: np.nanmean(precisions[n][at] - precisions[0][at]), people, draws=DRAWS)
        areas = figure(lambda at, n=shares: area(n[at], truth[at]) - area(plain[at], truth[at]), people, draws=DRAWS)
        rows.append(
            (
                *row,
                f"{apart.value:+.3f} ({apart.low:+.3f} to {apart.high:+.3f})",
                f"{area(shares, truth):.3f}",
                f"{areas.value:+.3f} ({areas.low:+.3f} to {areas.high:+.3f})",
            )
        )
    return rows


def _print_joint(version: IndexVersion, modality: Modality) -> None:
    held = (version.calibration or {}).get(modality)
    table = Table(title=f"{modality.value}: gain in log loss of the joint estimate, in inner folds")
    for heading in ("outcome", "patients", "gain", "95 %", "used", "facts"):
        table.add_column(heading)
    for name, outcome in ({} if held is None else held.outcomes).items():
        if (joint := outcome.joint) is not None:
            interval = f"{joint.interval[0]:+.3f} to {joint.interval[1]:+.3f}"
            facts = "" if joint.model is None else ", ".join(joint.model.names)
            used = "no" if joint.model is None else "yes"
            table.add_row(name, str(joint.patients), f"{joint.gain:+.3f}", interval, used, facts)
    Console(width=130).print(table)


if __name__ == "__main__":
    typer.run(main)
