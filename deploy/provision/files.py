"""Files that hold keys: written whole or not at all, and readable by their owner only where they must be."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_whole(file: Path, data: bytes, mode: int = PUBLIC) -> None:
    """Put `data` in the place of what was there, in one step that outlasts a power cut. Raises OSError."""
    draft = _write_draft(file, data, mode)
    draft.replace(file)
    _sync_folder(file.parent)


def write_new(file: Path, data: bytes, mode: int = PUBLIC) -> bool:
    """As `write_whole`, but False, and nothing changes, when the file is there already. Raises OSError."""
    draft = _write_draft(file, data, mode)
    try:
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync_folder(file.parent)
    return True


def _write_draft(file: Path, data: bytes, mode: int) -> Path:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(handle, mode)  # whatever the umask
        stream.write(data)
        stream.flush()
        os.fsync(handle)
    return draft


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
