"""Under what terms an index may be used: a line to show with every result, and a last day."""

from dataclasses import dataclass
from datetime import date

from scankin.retrieval.errors import LicenceExpired


@dataclass(frozen=True)
class Licence:
    """The terms of the data an index was built from.

    Attributes:
        line: Copyright line, shown with every result.
        expires: Last day of use.
        agreement: The agreement's own name; None when not stated.
    """

    line: str
    expires: date
    agreement: str | None = None

    def require_valid(self, today: date | None = None) -> None:
        """Do nothing up to the last day of use.

        Raises:
            LicenceExpired: It is past; the message says when it ended and what must be done.
        """
        if (today or date.today()) > self.expires:
            raise LicenceExpired(
                f"The licence of this index ended on {self.expires.isoformat()}. "
                "Renew it in the casebook's settings and build again, or destroy the data: scankin-index expire."
            )

    def as_json(self) -> dict[str, str | None]:
        """Return the terms as plain JSON values."""
        return {"line": self.line, "expires": self.expires.isoformat(), "agreement": self.agreement}

    @classmethod
    def from_json(cls, raw: dict[str, str | None] | None) -> "Licence | None":
        """Return the terms of such values; None for None.

        Raises:
            ValueError, KeyError, TypeError: They are no terms.
        """
        return None if raw is None else cls(str(raw["line"]), date.fromisoformat(str(raw["expires"])), raw["agreement"])
