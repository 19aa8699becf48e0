"""The index that the service answers from, replaced while it runs without a failed request."""

import threading
from pathlib import Path

import structlog

from scankin.models import load_encoder
from scankin.models.engines import AUTO
from scankin.retrieval.encoder import Encoder
from scankin.retrieval.errors import InvalidRequest, StoreError, StoreMissing, UnknownName
from scankin.retrieval.retriever import Retriever
from scankin.retrieval.store import current_name, load_version

log = structlog.get_logger("scankin.serving")


class LiveIndex:
    """Holds one retriever; a new version is loaded aside and swapped in as one reference.

    A request that has taken ``retriever()`` keeps that version to its end. A version that does not load is logged and
    leaves the old one serving.
    """

    def __init__(self, store: Path, weights: Path | None, device: str, poll_seconds: float, engine: str = AUTO) -> None:
        self._store, self._weights, self._device, self._engine = store, weights, device, engine
        self._poll_seconds = poll_seconds
        self._retriever: Retriever | None = None
        self._encoder: Encoder | None = None
        self._failed: str | None = None
        self.warning: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="index-watch", daemon=True)

    def start(self) -> None:
        """Load the current version if there is one, and watch for new ones."""
        self.refresh()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def retriever(self) -> Retriever:
        """Return the retriever of the version that serves now.

        Raises:
            StoreMissing: None was loaded yet.
            LicenceExpired: The last day on which its data may be used is past.
        """
        if self._retriever is None:
            raise StoreMissing(self.warning or "No index is loaded.")
        if self._retriever.version.licence is not None:
            self._retriever.version.licence.require_valid()
        return self._retriever

    def refresh(self) -> None:
        """Look at the store once, and swap in its current version when that is another."""
        try:
            name = current_name(self._store)
            if name == self._failed or (self._retriever and name == self._retriever.version.name):
                return
            self._failed = name
            version = load_version(self._store, name)
            if self._encoder is None or not version.encoder.is_comparable_with(self._encoder.identity):
                self._encoder = load_encoder(version.encoder.name, self._weights, self._device, self._engine)
            self._retriever = Retriever(version, self._encoder)
            self._failed = self.warning = None
            log.info("index loaded", version=name)
        except (StoreError, UnknownName, InvalidRequest, OSError) as error:
            warning = (
                f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else "The store is unreadable."
            )
            if warning != self.warning:
                log.error("index not loaded", reason=type(error).__name__)
            self.warning = warning

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self.refresh()
