"""Keys of the index: what stands for a scan and a patient wherever somebody may read it.

A plain hash of "Covid7175" is found by trying twenty thousand names, so keys are keyed hashes (HMAC-SHA-256). The key
is a file of the institution (``SCANKIN_KEY_FILE``, else in the user's data folder), made on first use; the same file
gives the same keys on every machine.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scankin.retrieval.errors import CasebookError

KEY_BYTES = 32
KEY_HEX_DIGITS = 15
"""60 bits: fits FAISS's int64 ids; among a million scans two collide with probability 4e-7."""


@dataclass(frozen=True)
class Keyring:
    """Derives keys from one secret.

    Attributes:
        secret: 32 random bytes; never shown.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise CasebookError(f"The key file holds {len(self.secret)} bytes; {KEY_BYTES} are needed. Restore it.")

    def scan(self, source: str, source_id: str) -> str:
        """Return the key of a scan: "s" and 15 hex digits."""
        return "s" + self._digest("scan", source, source_id)[:KEY_HEX_DIGITS]

    def patient(self, source: str, patient_id: str) -> str:
        """Return the key of a patient: "p" and 15 hex digits. Case and outer blanks of the id do not matter."""
        return "p" + self._digest("patient", source, normalised(patient_id))[:KEY_HEX_DIGITS]

    def queried_patient(self, patient_id: str) -> str:
        """Return what stands for a query's patient in tables: "q" and 15 hex digits, no key of any index."""
        return "q" + self._digest("queried", normalised(patient_id))[:KEY_HEX_DIGITS]

    def queried_admission(self, label: str) -> str:
        """Return what stands for a label of an admission in tables: "a" and 15 hex digits."""
        return "a" + self._digest("admission", label)[:KEY_HEX_DIGITS]

    def alias(self, patient_id: str) -> str:
        """Return what a PatientID in a query's header is looked up by, whatever its collection."""
        return self._digest("alias", normalised(patient_id))

    def study(self, source: str, study_id: str) -> str:
        """Return the key of a study: "t" and 15 hex digits."""
        return "t" + self._digest("study", source, study_id)[:KEY_HEX_DIGITS]

    def tombstone(self, patient_id: str) -> str:
        """Return what marks a withdrawn patient: it tells a returning pseudonym, and cannot be turned back into it."""
        return self._digest("tombstone", normalised(patient_id))

    def mark(self, value: str) -> str:
        """Return what stands for a removed item in a receipt: it can be compared with an item, not turned into it."""
        return self._digest("mark", value)

    @property
    def fingerprint(self) -> str:
        """Tells two secrets apart without telling either."""
        return self._digest("fingerprint")[:16]

    def _digest(self, *parts: str) -> str:
        message = "\x00".join(parts).encode()
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def normalised(patient_id: str) -> str:
    """Return the id as it is compared: NCCID pseudonyms drift in capitals and blanks."""
    return patient_id.strip().upper()


def faiss_id(key: str) -> int:
    """Return the int64 id of a scan key in FAISS."""
    return int(key[1:], 16)


def default_key_file() -> Path:
    """Return where the secret lies: ``SCANKIN_KEY_FILE``, else ``scankin/index.key`` in the user's data folder."""
    if named := os.environ.get("SCANKIN_KEY_FILE"):
        return Path(named)
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "scankin" / "index.key"


def load_keyring(path: Path | None = None, *, on_created: Callable[[Path], None] | None = None) -> Keyring:
    """Return the keyring of a key file, making the file (readable by its owner only) when it does not exist.

    Args:
        path: The key file; None: ``default_key_file()``.
        on_created: Told the path when a new file was made, since it must then be kept.

    Raises:
        CasebookError: The file cannot be read or made, or does not hold 32 bytes.
    """
    path = path or default_key_file()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
            if on_created:
                on_created(path)
        return Keyring(path.read_bytes())
    except OSError as error:
        raise CasebookError(
            f"The key file cannot be used: {error.strerror}. Set SCANKIN_KEY_FILE to a file you may write."
        ) from error
