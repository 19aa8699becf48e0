"""What an importer yields: scans to read, cases, and refusals. One file a collection; the folder is the registry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from scankin.index_build.field_values import Contradiction, FieldValue
from scankin.index_build.settings import Settings
from scankin.retrieval.case import Clock, Event
from scankin.retrieval.errors import CasebookError, Reason
from scankin.retrieval.scan import Age, Modality, Sex, View
from scankin.retrieval.source_tree import FolderTree, SourceTree


@dataclass(frozen=True)
class OpenedSource:
    """A source to read: where its files lie, and the casebook's settings.

    Attributes:
        tree: Folder or bucket.
        settings: Of the casebook.
        settings_folder: Where the settings' file lies, for the files that it names.
    """

    tree: SourceTree
    settings: Settings = field(default_factory=Settings)
    settings_folder: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Return a folder as a source, with the settings as they come."""
        return cls(FolderTree(folder))

    def beside(self, name: str | None) -> Path | None:
        """Return the file of a name that the settings state: it lies beside them. None for None."""
        return None if name is None else (self.settings_folder or Path()) / name

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.tree, FolderTree)

    @property
    def folder(self) -> Path:
        """The folder of a source that is one.

        Raises:
            CasebookError: It is a bucket.
        """
        if not isinstance(self.tree, FolderTree):
            raise CasebookError("This collection is read from a folder; of those in buckets, NCCID is read. Copy it.")
        return self.tree.folder


@dataclass(frozen=True)
class SourceScan:
    """One scan as a collection lists it; its pixels are read later, in a worker process.

    Attributes:
        collection: Collection the scan belongs to, such as "nccid"; search filters on it.
        source_id: The collection's own id of the scan, unique within one importer's source.
        patient_id: The patient whose scan it is: equal ids are one person (``split_group`` where the collection joins
            ids), unique across the collections of one source.
        files: Paths relative to the source folder: one picture or film, or every slice of a CT series.
        modality: What the collection says it is; None: the DICOM header decides.
        view: As stated by the collection; a DICOM header's own view goes first.
        sex: As stated by the collection, goes before the header's.
        age: At the scan, as stated by the collection, goes before the header's.
        site: Hospital or source of films within the collection, kept for site-held-out evaluation.
        day: Day of the scan on the patient's clock; None: unknown, or (clock "calendar") the header's study date.
        findings: What is stated of the picture: True present, False stated absent; not stated is left out.
        measures: Severity read from the picture by people, by name of ``scankin.retrieval.measures``.
        facts: What was known of the patient on the day of the scan, never what was measured later, by name of
            ``scankin.retrieval.clinical`` and in its units; values that cannot be are left out of the casebook.
        expected: Header values that must match the path, ("PatientID", "Covid1"); a mismatch is a refusal.
        cohort: How the collection recruited the patient, "positive" or "negative" in NCCID.
        device: Maker and model of the machine.
        origin: Website that published the picture, such as "radiopaedia.org": the source within a collection that was
            gathered from several. Kept in the casebook only, for evaluation within one origin.
        study_id: The collection's own id of the study, kept only as a key.
        contradictions: What of this scan cannot all be so.
        stamp: Changes when its files do, where the importer knows from its listing; None: the files are asked.
        complete: Where the day and view are only known once the file itself is read: takes both and returns the scan,
            or why it is none.
    """

    collection: str
    source_id: str
    patient_id: str
    files: tuple[str, ...]
    modality: Modality | None = None
    view: View | None = None
    sex: Sex | None = None
    age: Age | None = None
    site: str | None = None
    day: int | None = None
    findings: Mapping[str, bool] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    cohort: str | None = None
    device: str | None = None
    origin: str | None = None
    study_id: str | None = None
    contradictions: tuple[Contradiction, ...] = ()
    stamp: str | None = None
    complete: "Callable[[int | None, View | None], SourceScan | Refusal] | None" = field(default=None, compare=False)


@dataclass(frozen=True)
class SourceCase:
    """What a collection knows of one patient.

    Attributes:
        collection: As in the patient's scans.
        patient_id: As in the patient's scans.
        other_ids: Further ids of the same person, such as ids joined by ``split_group``: a query that carries one of
            them is this patient's.
        clock: What day 0 of the days is.
        events: What happened and what is stated not to have.
        last_seen_alive: Last day known alive, on the clock.
        facts: Further facts as text.
        fields: Every clinical field of every version of the record, as read; kept in the casebook only.
        contradictions: What of the patient cannot all be so.
        site: Hospital that sent the patient in, for the account.
    """

    collection: str
    patient_id: str
    other_ids: tuple[str, ...] = ()
    clock: Clock = Clock.NONE
    events: tuple[Event, ...] = ()
    last_seen_alive: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[FieldValue, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    site: str | None = None


@dataclass(frozen=True)
class Refusal:
    """One item of the source that became no scan, and why.

    Attributes:
        collection: As for scans.
        source_id: The item's own id, or its path relative to the source.
        reason: Code.
        message: One sentence; the casebook is private, so it may name the item.
        patient_id: Whose item it is; None when that cannot be told.
        site, cohort: Of the patient, for the account.
    """

    collection: str
    source_id: str
    reason: Reason
    message: str
    patient_id: str | None = None
    site: str | None = None
    cohort: str | None = None


class Importer(Protocol):
    """A module of this folder."""

    def recognises(self, source: OpenedSource) -> bool:
        """Return whether the source looks like this collection."""

    def read(self, source: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
        """Yield every item of the source once, as a scan or a refusal, and every patient's case once.

        A case may come before or after the patient's scans. Pixels are not opened.

        Raises:
            CasebookError: ``source`` does not hold this collection; the message says what is missing.
        """
