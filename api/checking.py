"""Asks the gate of an index about scans, without searching."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scankin.api.scoring import request_of
from scankin.retrieval.cautions import gate_cautions
from scankin.retrieval.errors import InvalidRequest, Reason, ScanError
from scankin.retrieval.gate import Verdict
from scankin.retrieval.gate.gate import WORDS
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import FoundScan, ReadingPool, find_scans
from scankin.retrieval.report import NOTICE
from scankin.retrieval.retriever import Retriever


@dataclass(frozen=True)
class Checked:
    """What came of one scan.

    Attributes:
        input: As the user named it.
        status: "ok" where the index may answer, else "refused" or "failed".
        code: Reason code; None when ok.
        message: Why, in words.
        verdict: Of the gate; None where the scan did not come so far, or there is no gate.
    """

    input: str
    status: str
    code: str | None
    message: str
    verdict: Verdict | None = None

    def line(self) -> str:
        """Return it as one line of JSON, without its end."""
        gate = self.verdict and {
            "p_value": self.verdict.p_value,
            "level": self.verdict.level,
            "false_refusal": self.verdict.false_refusal,
            "calibration_patients": self.verdict.calibration_patients,
            "depths": [vars(one) for one in self.verdict.measured],
        }
        of = {"input": self.input, "status": self.status, "code": self.code, "message": self.message}
        return json.dumps({**of, "gate": gate, "notice": NOTICE}, ensure_ascii=False, allow_nan=False)

    def text(self) -> str:
        """Return it as lines for a reader."""
        lines = [f"{self.input}: {self.status}{f' ({self.code})' if self.code else ''}", f"  {self.message}"]
        for one in self.verdict.measured if self.verdict else ():
            lines.append(f"  p {one.p_value:.4f}  {WORDS[one.depth]}, {one.distance}")
        return "\n".join(lines)


def check(
    path: Path, retriever: Retriever, false_refusal: float | None, *, mix_ages: bool, workers: int
) -> list[Checked]:
    """Return what came of every scan under a file or folder, in their order.

    Raises:
        InvalidRequest: There is no such file, no scan in the folder, or the gate cannot keep the rate.
    """
    if not path.exists():
        raise InvalidRequest("The scan is not there. Name a DICOM file, a picture, or a folder.")
    with ReadingPool(workers) as pool:
        found = list(find_scans([path], pool, pictures=True))
        if not found:
            raise InvalidRequest("The folder holds no file. Name a folder of scans.")
        ask = _asking(retriever, pool, false_refusal, mix_ages=mix_ages)
        done = {scan.name: checked for scan, checked in in_parallel(ask, found, workers)}
    return [done[scan.name] for scan in found]


def _asking(
    retriever: Retriever, pool: ReadingPool, false_refusal: float | None, *, mix_ages: bool
) -> Callable[[FoundScan], Checked]:
    def ask(scan: FoundScan) -> Checked:
        try:
            if scan.error is not None:
                raise scan.error
            read = pool.read(request_of(scan.paths, retriever.encoder.slices))
            verdict = retriever.check(read, false_refusal, mix_ages=mix_ages)
            if verdict is None:
                return Checked(
                    scan.name,
                    "ok",
                    None,
                    " ".join(gate_cautions(retriever.version.gates, read.modality, false_refusal)),
                )
            if verdict.is_refused:
                return Checked(scan.name, "refused", Reason.UNLIKE_THE_INDEX.value, verdict.reason, verdict)
        except ScanError as error:
            return Checked(scan.name, error.status, error.reason.value, error.message)
        return Checked(scan.name, "ok", None, verdict.reason, verdict)

    return ask
