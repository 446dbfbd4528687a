"""What is looked at before a part of the gateway starts, so that what stands in its way is told in one line."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.failures import WRONG_USE, Failure

if TYPE_CHECKING:
    from cloud_gateway.settings import GatewaySettings


@contextmanager
def telling_failures(config: Path) -> Iterator[None]:
    """Around the checks of a start, and work on the database: what they raise becomes a Failure of status 2."""
    from cloud_gateway.database import NoDatabase, TransactionRefused
    from cloud_gateway.database_file import DatabaseNotReady, DatabaseTooNew
    from edge_agent.wire.tls import CredentialError

    try:
        yield
    except DatabaseNotReady as exc:
        text = str(exc).partition(";")[0]
        raise Failure("no-database", text, f"Run: weiran gateway migrate --config {config}", WRONG_USE) from exc
    except DatabaseTooNew as exc:
        remedy = "Run the newer release, or put back the copy that was made before it"
        raise Failure("newer-database", str(exc), remedy, WRONG_USE) from exc
    except NoDatabase as exc:
        remedy = f"Put it away, or name another data_dir in {config}"
        raise Failure("no-database", str(exc), remedy, WRONG_USE) from exc
    except TransactionRefused as exc:
        remedy = "Run this as the user of the gateway's processes, and see that the disk has room; nothing was changed"
        raise Failure("database", f"the database of {config}: {exc.orig}", remedy, WRONG_USE) from exc
    except CredentialError as exc:
        text, _, remedy = str(exc).partition("; ")
        raise Failure(
            "credentials", text, remedy[:1].upper() + remedy[1:] or f"See [broker] in {config}", WRONG_USE
        ) from exc
    except OSError as exc:
        what = f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc.strerror or exc)
        raise Failure("start", what, f"Change it there or in {config}", WRONG_USE) from exc


@contextmanager
def loading() -> Iterator[None]:
    """Around the imports of a process that runs for long: what they make stays, so nobody looks for garbage in it.

    Looking takes a fifth of their time, which is time that a killed gateway is away.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def private_files() -> Iterator[None]:
    """Files that are made meanwhile can be read by this user alone, however the process was started."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """While a process of the gateway runs: a restore keeps out, and this one keeps out of a restore."""
    from cloud_gateway.occupancy import FolderBusy, occupied

    with ExitStack() as stack:
        stack.enter_context(private_files())
        try:
            stack.enter_context(occupied(folder))
        except FolderBusy as exc:
            raise Failure("start", str(exc), "Start again when that has ended", WRONG_USE) from exc
        yield


def check_start(settings: GatewaySettings) -> None:
    """See that a process of the gateway finds what it needs.

    Raises OSError, DatabaseNotReady, DatabaseTooNew, NoDatabase.
    """
    from cloud_gateway.database_file import check_database, check_file
    from cloud_gateway.readings.opening import SQLITE_FILE

    check_folder(settings.data_dir)
    check_database(settings.database)
    if settings.series.store == "sqlite":
        check_file(settings.data_dir / SQLITE_FILE)
    if settings.series.secret_file is not None:
        settings.series.secret_file.open("rb").close()


def check_folder(folder: Path) -> None:
    """Raise OSError when the folder is there and cannot be written to."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(0, "is not a folder", str(folder))
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(0, "cannot be written to", str(folder))
