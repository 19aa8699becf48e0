"""Lists of patients in files: one id a line, blank lines and ``#`` comments left out."""

from pathlib import Path

from scankin.retrieval.errors import CasebookError


def ids_of(file: Path) -> tuple[str, ...]:
    """Return the ids of a list, in its order.

    Raises:
        CasebookError: It cannot be read, or names nobody.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CasebookError(f"The list of patients cannot be read: {error}.") from error
    ids = [line.strip() for line in lines]
    named = tuple(dict.fromkeys(line for line in ids if line and not line.startswith("#")))
    if not named:
        raise CasebookError("The list of patients is empty. Write one id a line.")
    return named
