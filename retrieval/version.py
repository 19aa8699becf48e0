"""One published version of an index, loaded and checked: vectors, records, cases, thumbnails."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from scankin.retrieval.case import Case, Clock, State
from scankin.retrieval.clinical.likeness import FactColumns, fact_columns
from scankin.retrieval.course.serials import Serials
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import StoreCorrupt, UnknownName
from scankin.retrieval.estimates.calibration import Calibration
from scankin.retrieval.estimates.estimate import Estimator
from scankin.retrieval.estimates.evidence import BaseRate
from scankin.retrieval.filters import FilterColumns
from scankin.retrieval.gate.file import NO_GATES, Gates
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.keys import Keyring
from scankin.retrieval.licence import Licence
from scankin.retrieval.locations import Locations
from scankin.retrieval.outcomes import all_outcomes
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, View
from scankin.retrieval.thumbnails import Thumbnails


@dataclass(frozen=True)
class Origins:
    """How many different collections, sites and projections the scans of an index are of."""

    collections: int
    sites: int
    projections: int


BaseRates = Mapping[str, BaseRate]


@dataclass(frozen=True, eq=False)
class IndexVersion:
    """Everything one version of a store answers from; never changed once loaded.

    Attributes:
        name: Of the version.
        manifest_hash: SHA-256 (hex) of its manifest.
        encoder: What made its vectors.
        indexes: One a modality; a modality without scans has none.
        cases: By patient key.
        aliases: Patient keys by the keyed hash of every id the patient is known by.
        keyring: Looks up the patient of a query.
        thumbnails: PNG pictures by scan key.
        created: When it was published, ISO 8601, UTC.
        licence: Under what terms its data may be used; None when none is set.
        locations: The places of its films by scan key; None when it was built without explanations.
        gates: What refuses outsiders.
        calibration: What its estimates were fitted with; None for versions published before there was one.
    """

    name: str
    manifest_hash: str
    encoder: EncoderIdentity
    indexes: Mapping[Modality, ScanIndex]
    cases: Mapping[str, Case]
    aliases: Mapping[str, tuple[str, ...]]
    keyring: Keyring
    thumbnails: Thumbnails
    created: str
    licence: Licence | None = None
    locations: Locations | None = None
    gates: Gates = NO_GATES
    calibration: Calibration | None = None
    columns: Mapping[Modality, FilterColumns] = field(init=False)

    def __post_init__(self) -> None:
        for index in self.indexes.values():
            for record in index.records:
                if record.patient not in self.cases:
                    raise StoreCorrupt("A scan of the index has no case. Rebuild the store.")
        object.__setattr__(
            self, "columns", {modality: FilterColumns(index.records) for modality, index in self.indexes.items()}
        )

    @cached_property
    def records(self) -> Mapping[str, ScanRecord]:
        """Every record by scan key."""
        return {record.scan: record for index in self.indexes.values() for record in index.records}

    @cached_property
    def records_of(self) -> Mapping[str, tuple[ScanRecord, ...]]:
        """Every record by patient key."""
        held: dict[str, list[ScanRecord]] = defaultdict(list)
        for record in self.records.values():
            held[record.patient].append(record)
        return {patient: tuple(records) for patient, records in held.items()}

    @cached_property
    def serials(self) -> Mapping[Modality, Serials]:
        """What time and severity each modality's scans are known by."""
        return {modality: Serials(index, self.cases) for modality, index in self.indexes.items()}

    @cached_property
    def latest_day(self) -> int | None:
        """Day of the latest scan on the calendar's clock; None when none is on it."""
        days = [one.day for one in self.records.values() if self.cases[one.patient].clock is Clock.CALENDAR]
        return max((day for day in days if day is not None), default=None)

    @cached_property
    def lateral_patients(self) -> int:
        """How many patients have a film that is recorded as lateral."""
        return len({record.patient for record in self.records.values() if record.view is View.LATERAL})

    @cached_property
    def finding_names(self) -> tuple[str, ...]:
        """Every finding stated of any scan, sorted."""
        return tuple(sorted({name for record in self.records.values() for name in record.findings}))

    @cached_property
    def origins(self) -> Mapping[Modality, Origins]:
        """How many collections, sites and projections each modality's scans are of."""
        return {
            modality: Origins(
                collections=len({record.collection for record in index.records}),
                sites=len({record.site for record in index.records}),
                projections=len({record.view for record in index.records}),
            )
            for modality, index in self.indexes.items()
        }

    @cached_property
    def finding_base_rates(self) -> Mapping[Modality, BaseRates]:
        """For each modality and finding, its share among the patients in whom it is known.

        A patient with several scans counts once, by the share of the scans of known state that show it: what a
        neighbour picked at random would be expected to have.
        """
        return {
            modality: _shares(
                (record.patient, name, shown) for record in index.records for name, shown in record.findings.items()
            )
            for modality, index in self.indexes.items()
        }

    @cached_property
    def outcome_base_rates(self) -> Mapping[Modality, BaseRates]:
        """For each modality and outcome, its share, weighted for those lost to follow-up (``estimates.evidence``)."""
        return {modality: estimator.base_rates for modality, estimator in self.estimators.items()}

    @cached_property
    def estimators(self) -> Mapping[Modality, Estimator]:
        """What estimates outcomes, one a modality."""
        held = self.calibration or {}
        return {
            modality: Estimator(index.records, self.cases, held.get(modality))  # an older version has no calibration
            for modality, index in self.indexes.items()
        }

    @cached_property
    def facts(self) -> Mapping[Modality, FactColumns]:
        """The clinical facts of every scan, one a modality."""
        return {modality: fact_columns(index.records) for modality, index in self.indexes.items()}

    def outcomes_of(self, record: ScanRecord) -> dict[str, State]:
        """Return the state of every outcome in the patient of a scan."""
        case = self.cases[record.patient]
        return {outcome.name: outcome.of(case, record.day) for outcome in all_outcomes()}

    def findings_of(self, record: ScanRecord) -> dict[str, State]:
        """Return the state of every finding of the index in one scan."""
        return {name: State.of(record.findings.get(name)) for name in self.finding_names}

    def record(self, key: str) -> ScanRecord:
        """Return the record of a scan key.

        Raises:
            UnknownName: The index has no such scan.
        """
        try:
            return self.records[key]
        except KeyError:
            raise UnknownName("There is no scan of that key in this version of the index.") from None

    def patients_known_as(self, patient_id: str | None) -> frozenset[str]:
        """Return the keys of the index's patients that go by this id in any collection."""
        if not patient_id:
            return frozenset()
        return frozenset(self.aliases.get(self.keyring.alias(patient_id), ()))


def _shares(stated: Iterable[tuple[str, str, bool]]) -> BaseRates:
    """Return, for each name, the mean over patients of the patient's own share of yes."""
    by_name: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for patient, name, happened in stated:
        by_name[name][patient].append(happened)
    return {
        name: BaseRate(sum(sum(answers) / len(answers) for answers in patients.values()) / len(patients), len(patients))
        for name, patients in by_name.items()
    }
