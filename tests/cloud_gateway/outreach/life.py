"""One life of the outreach process, forked from a server that has loaded everything, so that a death costs little."""

from __future__ import annotations

import logging

from cloud_gateway.outreach.app import main
from cloud_gateway.outreach.channels.chat import is_address
from cloud_gateway.settings import GatewaySettings

is_address("json://127.0.0.1")  # apprise loads its services at the first look


def live(settings: str) -> None:
    """The whole process as `weiran outreach run` has it, from settings as JSON."""
    logging.disable(logging.CRITICAL)
    main(GatewaySettings.model_validate_json(settings))
