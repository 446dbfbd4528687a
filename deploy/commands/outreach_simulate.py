"""`weiran outreach simulate`: who would be told what, when; nobody is told, and nothing is written."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import AsJson, load_settings, print_rows
from deploy.commands.starting import telling_failures
from deploy.failures import DONE, WRONG_USE, Failure, extra
from edge_agent.configuration import Manual, load
from edge_agent.web.times import rfc3339

if TYPE_CHECKING:
    from cloud_gateway.outreach.settings import Rung
    from cloud_gateway.outreach.simulation import Hearing

MANUAL = Manual("story file", "a key of stories", "`weiran outreach simulate --help`")
StoryFile = Annotated[Path, typer.Argument(metavar="FILE", help="The story, TOML: changes, people, duty, answers.")]
GatewayConfig = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Play with this gateway's ladder, sites, people and duty as well."),
]


def simulate(file: StoryFile, config: GatewayConfig = None, as_json: AsJson = False) -> int:
    """Play a story of changes against recipients, and print who would be told what, when.

    The story has [[change]] with at, hazard, change, level, sites and onset; [[recipient]] with the columns of
    `people import`; [[duty]] with name, since, until, rank; [[answer]] with at, name, choice; [[site]] with code,
    zone, priority. The rules are those of the real process; nobody is told anything, and nothing is written.
    """
    with extra("gateway"):
        from cloud_gateway.outreach.simulation import StoryRefused
        from cloud_gateway.outreach.simulation import simulate as play
        from cloud_gateway.outreach.story import Story
    story = load(Story, file, {}, MANUAL)
    ladder, gateway = _gateway(config)
    with tempfile.TemporaryDirectory(prefix="weiran-simulate-") as folder:
        try:
            heard = asyncio.run(play(story, ladder, Path(folder), gateway))
        except StoryRefused as exc:
            remedy = f"Correct it in {file}"
            raise Failure("story", str(exc), remedy, WRONG_USE) from exc
    print_rows([_row(one, as_json) for one in heard], as_json)
    return DONE


def _gateway(config: Path | None) -> tuple[tuple[Rung, ...], Path | None]:
    from cloud_gateway.database_file import check_database
    from cloud_gateway.outreach.settings import LADDER
    from cloud_gateway.settings import GatewaySettings

    if config is None:
        return LADDER, None
    settings = load_settings(GatewaySettings, config)
    with telling_failures(config):
        check_database(settings.database)
    return settings.outreach.ladder, settings.database


def _row(one: Hearing, as_json: bool) -> Mapping[str, object]:
    return {
        "at": rfc3339(one.at),
        "recipient": one.recipient,
        "channel": one.channel.value,
        "hazard": one.hazard,
        "change": one.change,
        "level": one.level.name.lower(),
        "step": one.step,
        "sites": list(one.sites) if as_json else " ".join(one.sites),
        "answer_by": None if one.answer_by is None else rfc3339(one.answer_by),
    }
