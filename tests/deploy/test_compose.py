"""The compose file and the dashboards: pinned, without secrets, and true of the settings and metrics that there are."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the library has no annotations
from prometheus_client.parser import text_string_to_metric_families

from cloud_gateway.ingest.batch import Batch
from cloud_gateway.service.figures import Field, WebFigures
from cloud_gateway.service.intake import READINGS, IntakeFigures
from cloud_gateway.settings import GatewaySettings
from deploy.commands.options import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
METRIC = re.compile(r"\bweiran_[a-z_]+")
PINNED = re.compile(r"[a-z-]+(/[a-z-]+)?:v?\d+\.\d+\.\d+")

each_dashboard = pytest.mark.parametrize("file", DASHBOARDS, ids=[file.stem for file in DASHBOARDS])


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def metrics() -> set[str]:
    """The names of all samples that ingest and web give."""
    intake, web = IntakeFigures(), WebFigures()
    intake.note(READINGS, Batch(since=0.0))
    web.note_answer("GET", "/", 200, 0.1)
    text = (asyncio.run(intake.write()) + web.write(Field(letters={"bad_topic": 1}))).decode()
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def sources() -> set[str]:
    """The ids of the provisioned data sources."""
    text = (DEPLOY / "grafana" / "provisioning" / "datasources" / "weiran.yaml").read_text()
    return {source["uid"] for source in yaml.safe_load(text)["datasources"]}


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="docker compose is not on this machine",
)
def test_compose_understands_its_file(tmp_path: Path) -> None:
    shutil.copytree(COMPOSE, tmp_path / "deploy" / "compose")
    command = ["docker", "compose", "-f", str(tmp_path / "deploy" / "compose" / "compose.yaml"), "config", "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_images_are_pinned_and_name_no_host(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values()}
    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_programs_that_are_wanted_are_there(compose: dict[str, Any]) -> None:
    wanted = {"mosquitto", "influxdb", "ingest", "web", "outreach", "prometheus", "grafana"}
    assert wanted <= set(compose["services"])


def test_secrets_are_files_that_are_not_committed(compose: dict[str, Any]) -> None:
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}
    used = {name for service in compose["services"].values() for name in service.get("secrets", ())}
    assert files == {name: f"./secrets/{name}" for name in used}
    assert "secrets/" in (COMPOSE / ".gitignore").read_text().splitlines()


def test_only_the_broker_is_open_to_the_network(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["8883:8883"]


def test_files_that_are_mounted_exist_or_are_made_by_the_operator(compose: dict[str, Any]) -> None:
    mounted = [volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]]
    ours = {place for place in mounted if place.startswith(".") and not place.startswith("./keys/")}
    assert [place for place in ours if not (COMPOSE / place).exists()] == []


def test_gateway_of_the_compose_file_takes_its_settings() -> None:
    settings = load_settings(GatewaySettings, COMPOSE / "gateway.toml")
    assert (settings.series.store, settings.service.ingest_port, settings.broker.host) == ("influx2", 9101, "mosquitto")


def test_prometheus_asks_where_the_settings_say() -> None:
    settings = load_settings(GatewaySettings, COMPOSE / "gateway.toml")
    (job,) = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
    targets = {target for group in job["static_configs"] for target in group["targets"]}
    assert targets == {f"ingest:{settings.service.ingest_port}", f"web:{settings.web.port}"}


@each_dashboard
def test_dashboards_ask_for_figures_that_there_are(file: Path, metrics: set[str]) -> None:
    board = json.loads(file.read_text())
    asked = set(METRIC.findall(" ".join(t.get("expr", "") for panel in board["panels"] for t in panel["targets"])))
    assert asked <= metrics


def test_rules_ask_for_figures_that_there_are(metrics: set[str]) -> None:
    (group,) = yaml.safe_load((COMPOSE / "alerts.yml").read_text())["groups"]
    asked = set(METRIC.findall(" ".join(rule["expr"] for rule in group["rules"])))
    assert (asked - metrics, len(asked)) == (set(), 6)


@each_dashboard
def test_dashboards_read_from_provisioned_sources(file: Path) -> None:
    board = json.loads(file.read_text())
    assert {panel["datasource"]["uid"] for panel in board["panels"]} <= sources()
    assert board["uid"] == file.stem


@each_dashboard
def test_panels_of_a_dashboard_do_not_overlap(file: Path) -> None:
    grids = [panel["gridPos"] for panel in json.loads(file.read_text())["panels"]]
    cells = [(x, y) for g in grids for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
    assert (len(cells), max(x for x, _ in cells) < 24) == (len(set(cells)), True)
