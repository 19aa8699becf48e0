"""``scankin-index``: what researchers run to make, check and publish an index."""

import errno
import sys

from scankin.index_build.commands import casebooks, encoders, governance, outcomes
from scankin.index_build.commands.shared import app, err
from scankin.retrieval.errors import CasebookError, InvalidRequest, ScankinError, StoreError
from scankin.retrieval.leaving import run_and_leave

__all__ = ["app", "casebooks", "encoders", "governance", "main", "outcomes"]

USAGE_EXIT, STORE_EXIT, INTERRUPTED_EXIT = 2, 4, 130
WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EROFS, errno.EPERM)


def main() -> None:
    """Run the command line; what can be foreseen ends in one clear line, not a traceback."""
    run_and_leave(_run)


def _run() -> None:
    try:
        app()
    except (CasebookError, StoreError) as error:
        _end(error, STORE_EXIT)
    except ScankinError as error:
        _end(error, USAGE_EXIT)
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        _end(
            InvalidRequest(f"The disk refused a write: {error.strerror}. Nothing that was published changed."),
            STORE_EXIT,
        )
    except KeyboardInterrupt:
        err.print("Interrupted. Run the same command again to go on from here.")
        sys.exit(INTERRUPTED_EXIT)


def _end(error: ScankinError, code: int) -> None:
    err.print(f"{type(error).__name__}: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(code)
