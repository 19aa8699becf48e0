"""T14: which share of outsiders a store's gate refuses, by kind, and which share of new patients it refuses wrongly."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scankin.retrieval.errors import InvalidRequest, RefusedScan, ScanError
from scankin.retrieval.gate import Verdict
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import FoundScan, ReadingPool, ReadRequest, find_scans
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.summaries import Interval, wilson

HIT_IN_INDEX, PASSED, UNLIKE, FAILED = "in the index", "passed", "unlike_the_index", "failed"
PICTURES = frozenset({".png", ".jpg", ".jpeg"})
ALL = "all"


@dataclass(frozen=True)
class Refusals:
    """How many scans of one kind were refused.

    Attributes:
        refused: Of ``asked``; whatever the reason.
        asked: Scans that were judged: without damaged files, and without insiders whose picture the index holds.
        reasons: Scans by reason code, or by why they were not counted.
    """

    refused: int
    asked: int
    reasons: Mapping[str, int]

    @property
    def interval(self) -> Interval | None:
        """The 95 % Wilson interval of the share; None when nothing was asked."""
        return wilson(self.refused / self.asked, self.asked) if self.asked else None


@dataclass(frozen=True)
class GateAudit:
    """Refusals by kind, which is the first folder below the one named, and of ``ALL``."""

    outsiders: Mapping[str, Refusals]
    insiders: Mapping[str, Refusals]
    version: str
    notes: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {
            "outsiders": {kind: _shown(held) for kind, held in self.outsiders.items()},
            "insiders": {kind: _shown(held) for kind, held in self.insiders.items()},
            "version": self.version,
            "gates": dict(self.notes),
            "notice": NOTICE,
        }


def audit_gate(
    retriever: Retriever, outsiders: Path, insiders: Path | None, false_refusal: float | None, *, workers: int
) -> GateAudit:
    """Return what the gate of a loaded version does with folders of scans.

    Args:
        retriever: Of the version.
        outsiders: A folder for every kind.
        insiders: Scans of patients who are not in the index; None: none at hand.
        false_refusal: Instead of the index's own.
        workers: Scans read and encoded at once.

    Raises:
        InvalidRequest: A folder is not there or holds no scan, or the gate cannot keep the rate.
    """
    with ReadingPool(workers) as pool:
        return GateAudit(
            outsiders=_by_kind(retriever, outsiders, pool, false_refusal, are_new=False),
            insiders=_by_kind(retriever, insiders, pool, false_refusal, are_new=True) if insiders else {},
            version=retriever.version.name,
            notes=retriever.version.gates.notes,
        )


def _by_kind(
    retriever: Retriever, root: Path, pool: ReadingPool, bound: float | None, *, are_new: bool
) -> dict[str, Refusals]:
    if not root.is_dir():
        raise InvalidRequest(f"{root.name}: there is no such folder.")
    counted: dict[str, Counter[str]] = {}
    for kind, outcome in _outcomes(retriever, root, pool, bound, are_new=are_new):
        counted.setdefault(kind, Counter())[outcome] += 1
    if not counted:
        raise InvalidRequest(f"{root.name}: the folder holds no scan.")
    of_kind = {kind: _refusals(reasons) for kind, reasons in sorted(counted.items())}
    return {**of_kind, ALL: _refusals(sum(counted.values(), Counter()))}


def _outcomes(
    retriever: Retriever, root: Path, pool: ReadingPool, bound: float | None, *, are_new: bool
) -> Iterator[tuple[str, str]]:
    def judge(found: FoundScan) -> str:
        try:
            if found.error is not None:
                raise found.error
            pictures = found.paths[0].suffix.lower() in PICTURES
            scan = pool.read(ReadRequest(paths=found.paths, slices=retriever.encoder.slices, pictures=pictures))
            if are_new and retriever.holds(scan):
                return HIT_IN_INDEX
            verdict: Verdict | None = retriever.check(scan, bound)
        except RefusedScan as error:
            return error.reason.value
        except ScanError:
            return FAILED
        return UNLIKE if verdict is not None and verdict.is_refused else PASSED

    for found, outcome in in_parallel(judge, find_scans([root], pool, pictures=True), pool.workers):
        inside = found.paths[0].relative_to(root).parts
        yield inside[0] if len(inside) > 1 else ".", outcome


def _refusals(reasons: Counter[str]) -> Refusals:
    asked = reasons.total() - reasons[HIT_IN_INDEX] - reasons[FAILED]
    return Refusals(asked - reasons[PASSED], asked, dict(sorted(reasons.items())))


def _shown(held: Refusals) -> dict[str, object]:
    return {"refused": held.refused, "asked": held.asked, "interval": held.interval, "reasons": dict(held.reasons)}
