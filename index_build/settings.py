"""What a casebook's owner sets: the licence of its data, and how collections are read. A TOML file, kept with it."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scankin.retrieval.errors import CasebookError
from scankin.retrieval.licence import Licence

COVID_WINDOW_DAYS = (-14, 28)
"""Days of a film from a positive swab within which it shows COVID-19 (Harkness's rule on NCCID, both ends excluded)."""


class LicenceSettings(BaseModel):
    """``[licence]``: under what terms the data may be used; travels to every store and every result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: Annotated[str, Field(min_length=1, description="Copyright line, shown with every result.")]
    expires: Annotated[date, Field(description="Last day on which the data may be used.")]
    agreement: Annotated[str | None, Field(description="The agreement's own name, for the inventory.")] = None


class NccidTable(BaseModel):
    """``[nccid]``: how that collection is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    covid_window_days: Annotated[
        tuple[int, int], Field(description="Days of a film from a swab within which it shows COVID-19; ends excluded.")
    ] = COVID_WINDOW_DAYS
    units: Annotated[str | None, Field(description="Table of units by site (CSV), beside this file.")] = None

    @model_validator(mode="after")
    def _is_window(self) -> "NccidTable":
        if self.covid_window_days[0] >= self.covid_window_days[1]:
            raise ValueError("covid_window_days: the first day must be before the second")
        return self


class Settings(BaseModel):
    """All settings of a casebook; documented in ``docs/settings.md``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: LicenceSettings | None = None
    nccid: NccidTable = NccidTable()

    def licence_terms(self) -> Licence | None:
        """Return the licence as it travels with an index."""
        return (
            None if self.licence is None else Licence(self.licence.line, self.licence.expires, self.licence.agreement)
        )


def load_settings(file: Path) -> Settings:
    """Return the settings of a TOML file.

    Raises:
        CasebookError: It cannot be read, or holds what is no setting; the message names it.
    """
    try:
        return Settings.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CasebookError(f"{file.name}: the settings cannot be read: {error}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CasebookError(f"{file.name}: {wrong}. See docs/settings.md.") from error
