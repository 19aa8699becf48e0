"""Holds a casebook of a constructed cohort against the cohort's own truth."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from scankin.index_build.casebook import Casebook
from scankin.retrieval.case import Case, EventKind
from scankin.retrieval.follow_up import follow_up
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import cases_of

EPOCH = date(1970, 1, 1)
EVENTS = {"died": EventKind.DEATH, "intensive_care": EventKind.ICU_ADMISSION, "intubated": EventKind.INTUBATION}
SEXES = {"female": "F", "male": "M", None: None}
READINGS = ("raw", "flag", "value", "unit", "unit_source", "operator")


class Comparison:
    """Everything that differs, and how much was compared.

    Attributes:
        compared: Values compared, by kind.
        differences: One line each; empty when the importer is right.
    """

    def __init__(self, casebook: Path, truth: Path) -> None:
        book = Casebook.load(casebook)
        self._book = book
        self._rows = {name: table.to_pylist() for name, table in book.tables.items()}
        self._fields: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
        for row in self._rows["fields"]:
            self._fields[row["patient"]][row["version"], row["field"]] = row
        self._reasons: dict[str, list[str]] = defaultdict(list)
        for row in self._rows["refusals"]:
            self._reasons[row["source_id"]].append(row["reason"])
        self._contradictions: dict[str, list[str]] = defaultdict(list)
        for row in self._rows["contradictions"]:
            self._contradictions[row["scan"] or row["patient"]].append(row["kind"])
        self._scans = {row["source_id"]: row for row in self._rows["scans"]}
        self._cases = {case.patient: case for case in cases_of(book.tables["cases"])}
        self._told: set[str] = set()
        self.compared: Counter[str] = Counter()
        patients = [json.loads(line) for line in truth.read_text().splitlines()]
        self.differences = [line for patient in patients for line in self._patient(patient)]
        self.differences += [f"not in the truth: {path}" for path in {*self._scans, *self._reasons} - self._told]
        if len(self._cases) != len(patients):
            self.differences.append(f"{len(self._cases)} cases of {len(patients)} patients")

    def _patient(self, patient: dict[str, Any]) -> Iterator[str]:
        key = self._book.keyring.patient("nccid", patient["pseudonym"])
        case = self._cases.get(key)
        if case is None or case.facts["cohort"] != patient["cohort"]:
            yield f"{patient['pseudonym']}: no case, or of another cohort"
            return
        expected: set[tuple[str, str]] = set()
        for file in patient["files"]:
            name = file["path"].rpartition("/")[2]
            if file["becomes"] not in ("current", "version"):
                yield from self._refused(file["path"], file["becomes"], "files")
                continue
            for truth in file["fields"]:
                expected.add((name, truth["field"]))
                yield from self._field(key, name, truth, is_current=file["becomes"] == "current")
        if extra := self._fields[key].keys() - expected:
            yield f"{patient['pseudonym']}: fields not in the truth: {sorted(extra)}"
        for path, reason in patient["other_files"].items():
            yield from self._refused(path, reason, "files")
        # Where day and month were swapped beyond help, what follows from the date cannot be known either.
        is_open = any(truth["irreducible"] for file in patient["files"] for truth in file["fields"])
        if not is_open and sorted(set(self._contradictions[key])) != sorted(set(patient["contradictions"])):
            yield f"{patient['pseudonym']}: {self._contradictions[key]} is not {patient['contradictions']}"
        for scan in patient["scans"]:
            if scan["becomes"] != "scan":
                yield from self._refused(scan["path"], scan["becomes"], "filters")
            else:
                yield from self._scan(key, case, patient, scan, is_open=is_open)

    def _refused(self, path: str, reason: str, kind: str) -> Iterator[str]:
        self._told.add(path)
        self.compared[kind] += 1
        if self._reasons[path] != [reason] or path in self._scans:
            yield f"{path}: {self._reasons[path]} is not {reason}"

    def _field(self, patient: str, version: str, truth: dict[str, Any], *, is_current: bool) -> Iterator[str]:
        self.compared["fields"] += 1
        found = self._fields[patient].get((version, truth["field"]))
        if found is None or found["is_current"] != is_current:
            yield f"{truth['field']}: missing, or not current as it should be"
        elif any(found[name] != truth[name] for name in READINGS):
            yield f"{truth['field']}: {[found[name] for name in READINGS]} is not {[truth[name] for name in READINGS]}"
        if truth["irreducible"] and found is not None and found["flag"] != "ambiguous":
            yield f"{truth['field']}: swapped beyond help, and not flagged"

    def _scan(
        self, key: str, case: Case, patient: dict[str, Any], truth: dict[str, Any], *, is_open: bool
    ) -> Iterator[str]:
        path = truth["path"]
        self._told.add(path)
        row = self._scans.get(path)
        if row is None:
            yield f"{path}: no scan; refused as {self._reasons[path]}"
            return
        day = (date.fromisoformat(truth["day"]) - EPOCH).days
        held = (row["patient"], row["day"], row["site"], row["sex"], row["age_low_years"], row["age_high_years"])
        should = (key, day, patient["centre"], SEXES[truth["sex"]], truth["age_years"], truth["age_years"])
        self.compared["scans"] += 1
        if held != should:
            yield f"{path}: {held} is not {should}"
        if is_open:
            self.compared["open by an ambiguous date"] += 1
            return
        read = (dict(row["findings"]).get("COVID-19"), dict(row["measures"]).get("cxr_severity"))
        if read != (truth["covid"], truth["cxr_severity"]):
            yield f"{path}: label and severity {read} are not {truth['covid'], truth['cxr_severity']}"
        if sorted(self._contradictions[row["scan"]]) != sorted(truth["contradictions"]):
            yield f"{path}: {self._contradictions[row['scan']]} is not {truth['contradictions']}"
        for outcome in all_outcomes():
            if outcome.name in truth["outcomes"]:
                self.compared["outcomes"] += 1
                state = outcome.of(case, day).value
                if state != truth["outcomes"][outcome.name]:
                    yield f"{path}: {outcome.name} {state} is not {truth['outcomes'][outcome.name]}"
        for name, kind in EVENTS.items():
            time = follow_up(case, kind, day)
            if (None if time is None else [time.days, time.ending.value]) != truth["times"].get(name):
                yield f"{path}: time to {name} {time} is not {truth['times'].get(name)}"
