"""Alembic's environment: it migrates the connection that ``storage.schema`` hands it."""

from alembic import context

from tertulia.storage.fulltext import is_part_of_an_index
from tertulia.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    include_name=lambda name, kind, _: kind != "table" or not is_part_of_an_index(str(name)),
)
with context.begin_transaction():
    context.run_migrations()
