"""``scankin``: search one scan, score many, or serve."""

import errno
import sys
from typing import Annotated

import typer

from scankin.api.commands import batches, searching
from scankin.api.commands.searching import SCAN_EXIT
from scankin.api.commands.shared import Device, Engine, Index, Weights, app, err
from scankin.retrieval.errors import ScanError, ScankinError, StoreError
from scankin.retrieval.leaving import run_and_leave

__all__ = ["app", "batches", "main", "searching"]

USAGE_EXIT, STORE_EXIT, INTERRUPTED_EXIT = 2, 4, 130
WRITE_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOENT,
)


@app.command()
def serve(
    index: Index,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
) -> None:
    """Answer over HTTP; every other setting is a SCANKIN_ variable (docs/settings.md)."""
    import uvicorn  # noqa: PLC0415

    from scankin.api.app import create_app  # noqa: PLC0415
    from scankin.api.logs import configure_logs  # noqa: PLC0415
    from scankin.api.settings import Settings  # noqa: PLC0415

    configure_logs()
    service = create_app(Settings(index=index, weights=weights, device=device, engine=engine))
    err.print(f"Scankin answers on http://{host}:{port} (description: /openapi.json). Research use only.")
    uvicorn.run(service, host=host, port=port, log_config=None, access_log=False)


def main() -> None:
    """Run the command line; what can be foreseen ends in one clear line, not a traceback."""
    run_and_leave(_run)


def _run() -> None:
    try:
        app()
    except ScanError as error:
        _end(f"{error.status}: {error.reason.value}: {error.message}", SCAN_EXIT)
    except StoreError as error:
        _end(f"{type(error).__name__}: {error}", STORE_EXIT)
    except ScankinError as error:
        _end(f"{type(error).__name__}: {error}", USAGE_EXIT)
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        _end(f"The output cannot be written: {error.strerror}. What was there before is unchanged.", STORE_EXIT)
    except KeyboardInterrupt:
        err.print("Interrupted. Run the same command again to go on from here.")
        sys.exit(INTERRUPTED_EXIT)


def _end(message: str, code: int) -> None:
    err.print(message, style="red", soft_wrap=True, markup=False)
    sys.exit(code)
