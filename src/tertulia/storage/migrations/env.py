"""Alembic's environment: it migrates the connection that ``storage.schema`` hands it."""

from alembic import context

from tertulia.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
