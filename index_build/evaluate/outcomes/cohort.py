"""Who is asked about and who may answer: the films of a casebook with what became of their patients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.sample import load_sample
from scankin.retrieval.case import Case, EventKind
from scankin.retrieval.encoder import Embeddings, EncoderIdentity
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.records import ScanRecord, cases_of

Rows = NDArray[np.int64]
Groups = Mapping[str, tuple[str | None, ...]]
"""Group of each film by attribute; None: not stated."""

ATTRIBUTES = ("sex", "age band", "ethnicity", "collection", "site", "device", "projection")


@dataclass(frozen=True, eq=False)
class OutcomeCohort:
    """X-ray films with their patients, row by row.

    Attributes:
        records: One a film, laterals left out.
        vectors: ``[n, dim]`` unit vectors.
        people: ``[n]`` number of the patient, near-duplicates joined.
        cases: By patient key.
        may_ask: ``[n]``: False for films of people whom the encoder was fitted on; they may answer.
        encoder: What made the vectors.
        groups: By ``ATTRIBUTES``.
        source_ids: ``[n]`` the source's own id of each film: what a truth names it by; never written anywhere.
        joined: Pairs of patients joined because they have a picture in common.
    """

    records: tuple[ScanRecord, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    people: Rows
    cases: Mapping[str, Case]
    may_ask: NDArray[np.bool_]
    encoder: EncoderIdentity
    groups: Groups = field(default_factory=dict)
    source_ids: tuple[str, ...] = field(default=(), repr=False)
    joined: int = 0

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def firsts(self) -> Rows:
        """Rows of each person's first film since admission, or first film where none is since; by person.

        Films without a day come last, by key; who has no day of admission is admitted with the first film.
        """
        order = sorted(range(len(self)), key=lambda row: self._when(self.records[row]))
        chosen: dict[int, int] = {}
        before: dict[int, int] = {}
        for row in order:
            record, person = self.records[row], int(self.people[row])
            admitted = self.cases[record.patient].day_of(EventKind.ADMISSION)
            is_before = admitted is not None and record.day is not None and record.day < admitted
            (before if is_before else chosen).setdefault(person, row)
        return np.array([row for _, row in sorted((before | chosen).items())], np.int64)

    @cached_property
    def is_child(self) -> NDArray[np.bool_]:
        """``[n]``: surely under 18; children answer for children, adults for adults."""
        return np.array([record.is_child for record in self.records])

    def index_of(self, rows: Rows) -> ScanIndex:
        """Return the index of some films, as a build makes it."""
        return ScanIndex.of([self.records[row] for row in rows], Embeddings(self.vectors[rows], self.encoder))

    def only(self, rows: Rows) -> "OutcomeCohort":
        """Return the films of some rows, in their order; people keep their numbers."""
        return replace(
            self,
            records=tuple(self.records[row] for row in rows),
            vectors=self.vectors[rows],
            people=self.people[rows],
            may_ask=self.may_ask[rows],
            groups={name: tuple(held[row] for row in rows) for name, held in self.groups.items()},
            source_ids=tuple(self.source_ids[row] for row in rows) if self.source_ids else (),
        )

    @staticmethod
    def _when(record: ScanRecord) -> tuple[bool, int, str]:
        return record.day is None, record.day or 0, record.scan


def load_cohort(
    folder: Path, encoder: EncoderIdentity, is_fitted: Callable[[str], bool] = lambda _source_id: False
) -> OutcomeCohort:
    """Return the films of a casebook whose vectors are cached.

    Args:
        folder: The casebook.
        encoder: Whose vectors.
        is_fitted: Whether the encoder's card names the source's own id of a film as one that it was fitted on.

    Raises:
        CasebookError: No film has a vector of this encoder.
    """
    sample = load_sample(folder, encoder, is_fitted)
    tables = Casebook.load(folder).tables
    stated = {case.patient: case for case in cases_of(tables["cases"])}
    cases = {r.patient: stated.get(r.patient) or Case(r.patient, r.collection) for r in sample.records}
    rows = {row["scan"]: row for row in tables["scans"].select(["scan", "source_id", "device"]).to_pylist()}
    return OutcomeCohort(
        records=sample.records,
        vectors=sample.vectors,
        people=sample.people,
        cases=cases,
        may_ask=sample.may_ask,
        encoder=encoder,
        groups=groups_of(sample.records, cases, [rows[record.scan]["device"] for record in sample.records]),
        source_ids=tuple(rows[record.scan]["source_id"] for record in sample.records),
        joined=len(sample.joined),
    )


def groups_of(
    records: tuple[ScanRecord, ...], cases: Mapping[str, Case], devices: list[str | None]
) -> dict[str, tuple[str | None, ...]]:
    """Return the group of each film by attribute; ``devices`` is maker and model of each, as recorded."""
    held = {
        "sex": tuple(record.sex and record.sex.value for record in records),
        "age band": tuple(record.age_band for record in records),
        "ethnicity": tuple(cases[record.patient].facts.get("ethnicity") for record in records),
        "collection": tuple(record.collection for record in records),
        "site": tuple(record.site for record in records),
        "device": tuple(devices),
        "projection": tuple(record.view and record.view.value for record in records),
    }
    return {name: held[name] for name in ATTRIBUTES}
