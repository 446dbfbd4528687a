"""The built wheel, installed outside the checkout: it has all files, and each extra suffices for its part."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distributions import EVERY_EXTRA, make_environment

pytestmark = pytest.mark.timeout(300)  # the first test of an environment makes it

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("edge_agent", "kiosk", "field_inspection", "cloud_gateway", "firmware_sim", "deploy")
AGENT = 'device = "yard-7"\nstate_dir = "state"\n'
GATEWAY = 'data_dir = "data"\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with every extra."""
    return make_environment(tmp_path_factory.mktemp("whole"), wheel, EVERY_EXTRA)


@pytest.fixture(scope="module")
def device_only(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with `weiran[device]` and nothing else."""
    return make_environment(tmp_path_factory.mktemp("device"), wheel, ("device",))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder outside the checkout with settings of an agent and of a gateway."""
    (tmp_path / "agent.toml").write_text(AGENT)
    (tmp_path / "gateway.toml").write_text(GATEWAY)
    return tmp_path


def call(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program in `place` with an empty environment."""
    return subprocess.run(command, cwd=place, env={}, capture_output=True, text=True, check=False)


def committed_files() -> Iterator[str]:
    """The files of the packages that git knows and that are still there."""
    listing = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True)
    return (name for name in listing.stdout.splitlines() if (ROOT / name).exists())


def test_wheel_holds_every_committed_file(wheel: Path) -> None:
    assert set(committed_files()) <= set(zipfile.ZipFile(wheel).namelist())


def test_wheel_runs_outside_the_checkout(whole: Path, place: Path) -> None:
    result = call(place, str(whole / "weiran"), "--help")
    assert result.returncode == 0, result.stderr
    assert "Usage: weiran" in result.stdout


def test_wheel_imports_nothing_from_the_checkout(whole: Path, place: Path) -> None:
    result = call(place, str(whole / "python"), "-c", "import deploy, sys; print(deploy.__file__, *sys.path)")
    assert result.returncode == 0, result.stderr
    assert str(ROOT) not in result.stdout


def test_wheel_makes_the_gateways_database(whole: Path, place: Path) -> None:
    result = call(place, str(whole / "weiran"), "gateway", "migrate", "--config", "gateway.toml")
    assert result.returncode == 0, result.stderr
    assert (place / "data" / "gateway.db").exists()


def test_wheel_carries_the_built_in_scenarios(whole: Path, place: Path) -> None:
    result = call(place, str(whole / "weiran"), "sim", "list")
    assert result.returncode == 0, result.stderr
    assert "hugo-1989" in result.stdout


def test_device_extra_alone_runs_the_agents_check(device_only: Path, place: Path) -> None:
    result = call(place, str(device_only / "weiran"), "agent", "--check", "--config", "agent.toml")
    assert result.returncode == 0, result.stderr
    assert "yard-7" in result.stdout


def test_device_extra_alone_has_the_pins_and_the_broker_link(device_only: Path, place: Path) -> None:
    result = call(place, str(device_only / "python"), "-c", "import edge_agent.hardware.gpio, edge_agent.wire.link")
    assert result.returncode == 0, result.stderr


def test_device_extra_alone_names_the_extra_that_a_gateway_needs(device_only: Path, place: Path) -> None:
    result = call(place, str(device_only / "weiran"), "gateway", "web", "--config", "gateway.toml")
    assert (result.returncode, result.stdout) == (2, "")
    assert "pip install 'weiran[gateway]" in result.stderr
