"""Alembic's entry: runs the chain on the connection that `migrate` hands over."""

from __future__ import annotations

from alembic import context

from cloud_gateway.every_table import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
