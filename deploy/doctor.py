"""Looks at this machine: what Weiran needs for a purpose, what is missing, and how to mend it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
NOTO_CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FREE_BYTES = 1024**3
#: adjtimex(2): the return value when the kernel's clock follows no reference, and a size no `struct timex` exceeds.
TIME_ERROR, TIMEX_BYTES = 5, 512


class Purpose(StrEnum):
    """What the machine is to be used for."""

    DEMO = "demo"
    DEVICE = "device"
    GATEWAY = "gateway"
    TESTS = "tests"


class Finding(NamedTuple):
    """One thing looked at. `state` is ok, missing, or unneeded (missing, and not needed for this purpose)."""

    what: str
    state: str
    detail: str
    remedy: str


class Check(NamedTuple):
    """One thing to look at. `look` returns (found, detail)."""

    what: str
    needed_for: frozenset[Purpose]
    look: Callable[[], tuple[bool, str]]
    remedy: str


def examine(purpose: Purpose, folder: Path) -> list[Finding]:
    """Look at everything; `folder` is where state will be written."""
    return [_finding(check, purpose) for check in _checks(folder)]


def is_fit(findings: Iterable[Finding]) -> bool:
    """Whether nothing that the purpose needs is missing."""
    return all(finding.state != "missing" for finding in findings)


def _finding(check: Check, purpose: Purpose) -> Finding:
    found, detail = check.look()
    if found:
        return Finding(check.what, "ok", detail, "")
    state = "missing" if purpose in check.needed_for else "unneeded"
    return Finding(check.what, state, detail, check.remedy)


def _checks(folder: Path) -> list[Check]:
    every = frozenset(Purpose)
    shows = frozenset({Purpose.DEMO, Purpose.TESTS})
    tests = frozenset({Purpose.TESTS})
    device = frozenset({Purpose.DEVICE})
    serves = frozenset({Purpose.DEVICE, Purpose.GATEWAY})
    gateway = shows | {Purpose.GATEWAY}
    return [
        Check("Python", every, _python, "Install Python 3.11 or newer: sudo apt-get install python3"),
        Check("virtual environment", every, _environment, "Make one: sudo apt-get install python3-venv; scripts/setup"),
        Check(
            "device libraries", every, _modules("paho", "gpiozero"), "pip install 'weiran[device]', or scripts/setup"
        ),
        Check(
            "gateway libraries",
            gateway,
            _modules("fastapi", "sqlalchemy"),
            "pip install 'weiran[gateway]', or scripts/setup",
        ),
        Check("browser libraries", gateway, _browser_libraries, "In a checkout: scripts/setup"),
        Check("mosquitto", shows, _program("mosquitto"), _apt("mosquitto")),
        Check("influxd", tests, _program("influxd"), _apt("influxdb") + " (for --store influx)"),
        Check("victoria-metrics", tests, _program("victoria-metrics"), _apt("victoria-metrics")),
        Check("chromium", tests, _program("chromium"), _apt("chromium")),
        Check("Chinese font", tests, _font, _apt("fonts-noto-cjk")),
        Check("libfaketime", tests, _faketime, _apt("libfaketime")),
        Check("GPIO", device, _device_file("/dev/gpiochip0"), "On a Raspberry Pi: add the user to group gpio"),
        Check(
            "SPI",
            device,
            _device_file("/dev/spidev0.0"),
            "On a Raspberry Pi: sudo raspi-config nonint do_spi 0; group spi",
        ),
        Check("clock", serves, _clock, "sudo timedatectl set-ntp true, and let UDP port 123 out"),
        Check("state folder", every, lambda: _writable(folder), f"sudo install -d -o {_user()} {folder}"),
        Check("disk space", every, lambda: _space(folder), "Free 1 GB there, or name another folder: --state-dir DIR"),
    ]


def _apt(package: str) -> str:
    return f"sudo apt-get install {package}"


def _user() -> str:
    return os.environ.get("USER", "$USER")


def _python() -> tuple[bool, str]:
    return sys.version_info >= (3, 11), sys.version.split()[0]


def _environment() -> tuple[bool, str]:
    inside = sys.prefix != sys.base_prefix
    return inside, sys.prefix if inside else "the system's own Python"


def _modules(*names: str) -> Callable[[], tuple[bool, str]]:
    def look() -> tuple[bool, str]:
        missing = [name for name in names if importlib.util.find_spec(name) is None]
        return not missing, "not installed: " + ", ".join(missing) if missing else "installed"

    return look


def _browser_libraries() -> tuple[bool, str]:
    spec = importlib.util.find_spec("edge_agent.web")
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(places[0], "static", "vendor") if places else Path("static", "vendor")
    return folder.is_dir() and any(folder.iterdir()), str(folder)


def _program(name: str) -> Callable[[], tuple[bool, str]]:
    def look() -> tuple[bool, str]:
        place = shutil.which(name, path=SYSTEM_PATH)
        return place is not None, place or "not found"

    return look


def _font() -> tuple[bool, str]:
    return NOTO_CJK.exists(), str(NOTO_CJK)


def _faketime() -> tuple[bool, str]:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return bool(found), str(found[0]) if found else "not found"


def _device_file(name: str) -> Callable[[], tuple[bool, str]]:
    def look() -> tuple[bool, str]:
        if not Path(name).exists():
            return False, f"{name} does not exist"
        usable = os.access(name, os.R_OK | os.W_OK)
        return usable, name if usable else f"{name} may not be opened by this user"

    return look


def _clock() -> tuple[bool, str]:
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    if state < 0:
        return False, f"not known: {os.strerror(ctypes.get_errno())}"
    return state != TIME_ERROR, "set from the network" if state != TIME_ERROR else "follows no time server"


def _writable(folder: Path) -> tuple[bool, str]:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True, str(folder)
    except OSError as exc:
        return False, f"{folder}: {exc.strerror}"


def _space(folder: Path) -> tuple[bool, str]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        return False, f"{folder}: {exc.strerror}"
    return free >= FREE_BYTES, f"{free / 1024**3:.1f} GB free in {folder}"
