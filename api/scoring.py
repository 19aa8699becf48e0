"""Batch scoring: every scan of the inputs gets a row, whatever is wrong with it, and every admission one."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scankin.api.admission_rows import write_admissions
from scankin.api.admissions import DEFAULT_GAP_DAYS, Film, admissions_of, day_of
from scankin.api.engine import Options, report_on
from scankin.api.inputs import Stated, inputs_of
from scankin.api.journal import Journal
from scankin.api.lots import KeyedScan, lots_of, opened_lots
from scankin.api.rows import Names, Scored, names_of, write_scans
from scankin.api.tables import writer_of
from scankin.retrieval.errors import InvalidRequest, Reason, ScanError
from scankin.retrieval.keys import Keyring
from scankin.retrieval.parallel import in_parallel
from scankin.retrieval.reading import ReadingPool, ReadRequest
from scankin.retrieval.retriever import Retriever

PICTURES = frozenset({".png", ".jpg", ".jpeg"})
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScoreAccount:
    """What came of a batch.

    Attributes:
        statuses: Rows by status.
        reasons: Refused and failed rows by reason code.
        admissions: Rows of the second table by status.
        patients: Patients, as far as they can be told apart.
        resumed: Rows taken over from an interrupted run.
    """

    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    admissions: Mapping[str, int]
    patients: int
    resumed: int = 0


@dataclass(frozen=True)
class Tables:
    """Where a batch is written, and how its films become admissions.

    Attributes:
        scans: A row for each scan.
        patients: A row for each admission of a patient; None: beside ``scans``, as STEM.patients.SUFFIX.
        gap_days: More days than this between two films of a patient: another admission.
    """

    scans: Path
    patients: Path | None = None
    gap_days: int = DEFAULT_GAP_DAYS

    def __post_init__(self) -> None:
        writer_of(self.scans.suffix)
        writer_of(self.patients_path.suffix, "--patients-out")
        if self.patients_path == self.scans:
            raise InvalidRequest("--patients-out names the file of --out. Name another.")

    @property
    def patients_path(self) -> Path:
        """Where the admissions go."""
        return self.patients or self.scans.with_name(f"{self.scans.stem}.patients{self.scans.suffix}")

    @property
    def journal_path(self) -> Path:
        """Where rows are kept as they come."""
        return self.scans.with_name(self.scans.name + ".partial")


def score(
    inputs: Sequence[str | Path],
    retriever: Retriever,
    out: Path | Tables,
    options: Options,
    *,
    workers: int,
    progress: Progress = lambda _done, _of: None,
) -> ScoreAccount:
    """Write a row for every scan under the inputs, in their order, and one for every admission; return the account.

    Rows are kept in ``OUT.partial`` as they come; a later run with the same index and options takes them over. The
    tables themselves are written whole at the end.

    Args:
        inputs: Folders, files, zips, lists and URLs (``inputs_of``).
        retriever: Answers.
        out: The tables, or the path of the first.
        options: How each scan is answered.
        workers: Scans read and encoded at a time.
        progress: Told the rows done, and all as far as they are known.

    Raises:
        InvalidRequest: A table has an ending that is not written, or an input is not there.
        OSError: The disk refused a write; the tables are as they were.
    """
    tables = out if isinstance(out, Tables) else Tables(out)
    lots = lots_of(inputs_of(inputs))
    with ReadingPool(workers) as pool, Journal(tables.journal_path, run_key(retriever, options)) as journal:
        held = {lot: keys for lot in lots if (keys := journal.rows_of_lot(lot.key)) is not None}
        done = resumed = sum(map(len, held.values()))
        ahead = sum(len(lot.files) for lot in lots if lot not in held)
        for lot, scans in opened_lots([lot for lot in lots if lot not in held], pool):
            todo = [one for one in scans if one.key not in journal]
            resumed += len(scans) - len(todo)
            done += len(scans) - len(todo)
            ahead -= len(lot.files)
            of = done + len(todo) + ahead
            progress(done, of)
            for one, row in rows_of(todo, retriever, pool, options, workers):
                journal.add(one.key, row)
                done += 1
                progress(done, of)
            held[lot] = [one.key for one in scans]
            if lot.key is not None:
                journal.add_lot(lot.key, held[lot])
        account = write_tables(journal, [key for lot in lots for key in held[lot]], tables)
        journal.discard()
    return replace(account, resumed=resumed)


def rows_of(
    scans: Iterable[KeyedScan], retriever: Retriever, pool: ReadingPool, options: Options, workers: int
) -> Iterator[tuple[KeyedScan, Scored]]:
    """Yield each scan with its row, in the order they finish."""
    return in_parallel(lambda one: _row(one, retriever, pool, options), scans, workers)


def write_tables(journal: Journal, keys: Sequence[str], tables: Tables) -> ScoreAccount:
    """Write both tables from rows of a journal, and return the account; the same rows give the same bytes.

    Raises:
        OSError: The disk refused a write; a table that was not finished is as it was.
    """
    films: list[Film] = []
    names: Names = ()

    def passing() -> Iterator[Scored]:
        for key in keys:
            row = journal.row(key)
            films.append(Film.of(key, row))
            yield row

    names = next((names_of(row.report) for row in map(journal.row, keys) if row.report), ())
    write_scans(tables.scans, names, passing())
    admissions = admissions_of(films, tables.gap_days)
    write_admissions(tables.patients_path, names, admissions, journal.row)
    return ScoreAccount(
        statuses=Counter(film.status for film in films),
        reasons=Counter(film.code for film in films if film.code),
        admissions=Counter(one.status for one in admissions),
        patients=len({one.patient or one.films[0].key for one in admissions}),
    )


def request_of(paths: tuple[Path, ...], slices: int) -> ReadRequest:
    """Return the request for files named by a user: DICOM, or a PNG or JPEG picture by its ending."""
    return ReadRequest(paths=paths, slices=slices, pictures=paths[0].suffix.lower() in PICTURES)


def run_key(retriever: Retriever, options: Options) -> str:
    """Return what tells one index with its options from others, SHA-256 (hex)."""
    version, encoder = retriever.version.manifest_hash, retriever.encoder.identity.digest
    asked = options.question
    parts = [version, encoder, asked.k, asked.filters.stated(), asked.false_refusal, asked.time.stated()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _row(one: KeyedScan, retriever: Retriever, pool: ReadingPool, options: Options) -> Scored:
    found = one.scan
    header = found.header
    patient = header.patient_id if header else None
    day = (header.study_date if header else None) or None
    row = Scored(found.name, "ok")
    try:
        if found.error is not None:
            raise found.error
        scan = pool.read(request_of(found.paths, retriever.encoder.slices))
        patient = scan.patient_id or patient
        day = scan.study_date.isoformat() if scan.study_date else day
        row = replace(row, report=report_on(retriever, scan, options).as_json())
    except ScanError as error:
        row = Scored(found.name, error.status, error.reason.value, error.message)
    except Exception as error:  # noqa: BLE001 (one scan's surprise must not lose the others' rows)
        message = f"Unexpected {type(error).__name__}; please report it."
        row = Scored(found.name, "failed", Reason.INTERNAL.value, message)
    return _whose(row, one.said, patient, day, retriever.version.keyring)


def _whose(row: Scored, said: Stated, patient: str | None, day: str | None, keyring: Keyring) -> Scored:
    """Return the row with keys in place of what could name a person; a list's word goes before the header's."""
    named = said.patient or patient
    admission = said.admission
    if admission is not None and day_of(admission) is None:
        admission = keyring.queried_admission(admission)
    return replace(
        row,
        patient=keyring.queried_patient(named) if named else None,
        study_day=day,
        admission=admission,
        site=said.site,
    )
