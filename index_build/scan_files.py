"""The scans of a casebook with the files they are read from."""

from dataclasses import dataclass

from scankin.index_build.casebook import Casebook
from scankin.index_build.readings import request_for
from scankin.retrieval.encoder import DEFAULT_SLICES
from scankin.retrieval.errors import FailedScan, Reason
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, Scan, View
from scankin.retrieval.source_tree import SourceTree, open_tree


@dataclass(frozen=True)
class ScanFiles:
    """One scan of a casebook.

    Attributes:
        record: What is known of it.
        source_id: As its collection names it.
        files: Relative to the tree.
        tree: Its source.
    """

    record: ScanRecord
    source_id: str
    files: tuple[str, ...]
    tree: SourceTree

    @property
    def is_frontal_film(self) -> bool:
        """Whether it is an X-ray that is not stated to be a lateral."""
        return self.record.modality is Modality.XRAY and self.record.view is not View.LATERAL

    def read(self, pool: ReadingPool, slices: int) -> Scan:
        """Return the scan, of a CT series that many slices.

        Raises:
            ScanError: It cannot be read, or is not the one that was ingested.
        """
        with self.tree.fetched(self.files) as root:
            scan = pool.read(request_for(self.files, root, self.record.modality, slices))
        if slices == DEFAULT_SLICES and scan.pixel_hash != self.record.pixel_hash:
            raise FailedScan(Reason.CHANGED, "The file changed since it was ingested. Ingest again.")
        return scan


def scan_files(book: Casebook) -> list[ScanFiles]:
    """Return every scan of a casebook, in its order."""
    trees = {name: open_tree(source.root) for name, source in book.sources.items()}
    rows = book.tables["scans"].to_pylist()
    return [
        ScanFiles(ScanRecord.from_row(row), row["source_id"], tuple(row["files"]), trees[row["source"]]) for row in rows
    ]
