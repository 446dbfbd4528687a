"""The chain of migrations as it is read from its files is the one that alembic walks."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from cloud_gateway.revisions import VERSIONS, known_revisions


def test_revisions_are_those_that_alembic_walks_the_newest_first() -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    walked = ScriptDirectory.from_config(config).walk_revisions()
    assert known_revisions() == tuple(script.revision for script in walked)
