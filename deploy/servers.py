"""Starts the servers that Weiran speaks to as child processes: mosquitto, influxd and victoria-metrics.

For the demo, the tests and the benchmarks; a deployment runs them as services. Everything listens on the
loopback address only, and every server dies with the process that started it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from deploy.provision.files import make_folder, write_whole
from deploy.provision.folder import EXTRA_RIGHTS, INGEST, PROBE, Provision
from edge_agent.wire.tls import CA, CERTIFICATE, KEY, CertificateTime, ClientContext, folder_context

HOST = "127.0.0.1"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
PORT_ATTEMPTS = 5
#: In a broker's folder: who may speak there.
PROVISION = "provision"
#: Where Debian keeps daemons; not in every user's PATH.
DAEMON_FOLDERS = ("/usr/sbin", "/usr/local/sbin")


class ServerMissing(Exception):
    """A program is not installed; the text names its Debian package and the command that mends it."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"{program} is not installed; it is in the Debian package {package}: "
            f"run `sudo apt-get install --no-install-recommends {package}`"
        )
        self.program = program
        self.package = package


class ServerFailed(Exception):
    """A server ended or did not answer in time; the text holds the end of its log."""


@dataclass(frozen=True)
class Recipe:
    """How one kind of server is started and how it shows that it answers."""

    name: str
    package: str
    scheme: str
    command: Callable[[Path, int], list[str]]  # writes what the server needs into the folder, gives its arguments
    answers: Callable[[int], bool]


class Server:
    """A running server. `url`, `host` and `port` outlast a `restart()`; the data stay in `folder`."""

    def __init__(self, recipe: Recipe, folder: Path, port: int) -> None:
        self.name = recipe.name
        self.host = HOST
        self.port = port
        self.folder = folder
        self._recipe = recipe
        self._child = _start_child(recipe, folder, port)

    @property
    def url(self) -> str:
        """The address with its scheme, for example ``http://127.0.0.1:8086``."""
        return f"{self._recipe.scheme}://{self.host}:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process as it is now; a restart makes another."""
        return self._child.process

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return not self._child.ended.is_set()

    def stop(self) -> None:
        """End it in order (SIGTERM); by SIGKILL when it has not ended after 10 s."""
        self.process.terminate()
        if not self._child.ended.wait(STOP_LIMIT_S):
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        self.process.kill()
        self._child.ended.wait(STOP_LIMIT_S)

    def restart(self) -> None:
        """Start it again on its port and folder, stopping it when it still runs. Raises ServerFailed."""
        if self.running:
            self.stop()
        self._child = _start_child(self._recipe, self.folder, self.port)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running:
            self.stop()


class _Child:
    """One process, started by a thread of its own that lives until the process has ended.

    The kernel's parent-death signal is sent when the *thread* that made the child ends, so that thread has to
    stay. `setpriv` asks for the signal, because a `preexec_fn` is not safe in a process with threads.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self.process: subprocess.Popen[bytes]
        self.log = log
        self.ended = threading.Event()
        self._begun = threading.Event()
        self._error: OSError | None = None
        threading.Thread(target=self._keep, args=(command,), name=f"keeper-{log.stem}", daemon=True).start()
        self._begun.wait()
        if self._error is not None:
            raise ServerFailed(str(self._error)) from self._error

    def _keep(self, command: list[str]) -> None:
        try:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(  # noqa: S603 - the command is made in this module
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        except OSError as exc:
            self._error = exc
            return
        finally:
            self._begun.set()
        self.process.wait()
        self.ended.set()

    def log_end(self) -> str:
        """The last lines that the server wrote."""
        return self.log.read_text(errors="replace")[-800:].strip()


def start_mosquitto(folder: Path, *, port: int | None = None, extra_rights: Sequence[str] = ()) -> Server:
    """A broker with Weiran's limits and security, answering; `provision_of` it gives out certificates.

    `extra_rights` are lines of its access list beyond the wire's, for benches and tests. Raises ServerMissing,
    ServerFailed.
    """
    provision = Provision(folder / PROVISION)
    make_folder(provision.folder / "broker")
    if extra_rights:
        write_whole(provision.folder / "broker" / EXTRA_RIGHTS, "\n".join([*extra_rights, ""]).encode())
    provision.init([HOST], 0)
    recipe = Recipe(
        "mosquitto", "mosquitto", "mqtts", lambda _, at: _mosquitto(provision, at), lambda at: _answers(provision, at)
    )
    return _start(recipe, folder, port)


def provision_of(broker: Server) -> Provision:
    """The provisioning folder of a broker of `start_mosquitto`."""
    return Provision(broker.folder / PROVISION)


def credentials_of(broker: Server, name: str) -> Path:
    """The folder of a device or service at a broker of `start_mosquitto`, made when it is not there yet."""
    provision = provision_of(broker)
    is_service = "." in name
    folder = (provision.services if is_service else provision.devices) / name
    if folder.exists():
        return folder
    return provision.service(name) if is_service else provision.device(name)


def tls_of(broker: Server, name: str) -> ClientContext:
    """How a device or service connects to a broker of `start_mosquitto`."""
    return folder_context(credentials_of(broker, name), any_time)


def service_files(broker: Server, name: str) -> dict[str, str]:
    """The keys of a gateway's `[broker]` that name its credentials at a broker of `start_mosquitto`."""
    folder = credentials_of(broker, name)
    names = {"ca_file": CA, "certificate_file": CERTIFICATE, "key_file": KEY}
    return {key: str(folder / file) for key, file in names.items()}


def broker_section(broker: Server, service: str = INGEST) -> str:
    """The section `[broker]` of a gateway at a broker of `start_mosquitto`, as TOML."""
    keys = (f'{key} = "{file}"\n' for key, file in service_files(broker, service).items())
    return "".join(["[broker]\n", f"port = {broker.port}\n", *keys])


def start_influxd(folder: Path, *, port: int | None = None) -> Server:
    """An InfluxDB 1.x that syncs every write to disk, answering. Raises ServerMissing, ServerFailed."""
    return _start(Recipe("influxd", "influxdb", "http", _influxd, _answers_http("/ping")), folder, port)


def start_victoria(folder: Path, *, port: int | None = None) -> Server:
    """A VictoriaMetrics, which takes InfluxDB 2.x writes, answering. Raises ServerMissing, ServerFailed."""
    recipe = Recipe("victoria-metrics", "victoria-metrics", "http", _victoria, _answers_http("/health"))
    return _start(recipe, folder, port)


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _start(recipe: Recipe, folder: Path, port: int | None) -> Server:
    _find(recipe.name, recipe.package)
    folder.mkdir(parents=True, exist_ok=True)
    if port is not None:
        return Server(recipe, folder, port)
    for _ in range(PORT_ATTEMPTS - 1):  # somebody else may take the port before the server does
        try:
            return Server(recipe, folder, free_port())
        except ServerFailed:
            continue
    return Server(recipe, folder, free_port())


def _start_child(recipe: Recipe, folder: Path, port: int) -> _Child:
    guard = [_find("setpriv", "util-linux"), "--pdeathsig", "KILL", "--"]
    program = _find(recipe.name, recipe.package)
    child = _Child([*guard, program, *recipe.command(folder, port)], folder / f"{recipe.name}.log")
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if _listens(child.process.pid, port) and recipe.answers(port):
            return child
        if child.ended.wait(0.02):
            raise ServerFailed(f"{recipe.name} ended at once on port {port}: {child.log_end()}")
    child.process.kill()
    raise ServerFailed(f"{recipe.name} did not answer on port {port} in {START_LIMIT_S:.0f} s")


def _listens(pid: int, port: int) -> bool:
    """Whether the process itself listens on the port: another server there might answer in its place (Linux)."""
    host = int.from_bytes(socket.inet_aton(HOST), sys.byteorder)
    listening = (f"{host:08X}:{port:04X}", "0A")  # as the kernel's table says it; 0A is LISTEN
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = {f"socket:[{row[9]}]" for row in rows if (row[1], row[3]) == listening}
    try:
        return any(str(handle.readlink()) in wanted for handle in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # the process, or one of its files, went while we looked
        return False


def _find(program: str, package: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *DAEMON_FOLDERS])
    found = shutil.which(program, path=path)
    if found is None:
        raise ServerMissing(program, package)
    return found


def _mosquitto(provision: Provision, port: int) -> list[str]:
    provision.configure(port, address=HOST)
    return ["-c", str(provision.folder / "broker" / "mosquitto.conf")]


INFLUXD_CONF = """\
reporting-disabled = true
bind-address = "{host}:0"
[meta]
  dir = "{folder}/meta"
  logging-enabled = false
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  wal-fsync-delay = "0s"
  query-log-enabled = false
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "{host}:{port}"
  log-enabled = false
[ifql]
  enabled = false
[logging]
  level = "warn"
  suppress-logo = true
"""


def _influxd(folder: Path, port: int) -> list[str]:
    file = folder / "influxd.conf"
    file.write_text(INFLUXD_CONF.format(host=HOST, port=port, folder=folder.resolve()))
    return ["-config", str(file)]


def _victoria(folder: Path, port: int) -> list[str]:
    return [
        f"-httpListenAddr={HOST}:{port}",
        f"-storageDataPath={folder / 'data'}",
        "-retentionPeriod=100y",
        "-memory.allowedBytes=256MB",
        "-loggerLevel=WARN",
    ]


def _answers(provision: Provision, port: int) -> bool:
    """Whether a CONNECT (MQTT 3.1.1, clean session, no client id) over TLS is answered by a CONNACK."""
    connect = bytes.fromhex("100c00044d5154540402000a0000")
    context = folder_context(provision.services / PROBE, any_time)
    try:
        with (
            socket.create_connection((HOST, port), timeout=1.0) as sock,
            context.wrap_socket(sock, server_hostname=HOST) as secured,
        ):
            secured.sendall(connect)
            return secured.recv(4) == bytes.fromhex("20020000")
    except OSError:
        return False


def any_time() -> CertificateTime:
    """For what lives and dies with its broker: no certificate is too old."""
    return CertificateTime(0, 0, trusted=False)


def _answers_http(path: str) -> Callable[[int], bool]:
    def answers(port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=1.0) as reply:
                return bool(reply.status < 300)
        except (OSError, urllib.error.URLError):
            return False

    return answers
