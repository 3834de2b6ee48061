"""Bring a database to the tables of this version, by Alembic, or say why that cannot be."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tertulia.orchestrator.errors import StoreUnusable
from tertulia.storage.tables import REVISION

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, where: str) -> None:
    """Make or migrate the tables; nothing if they are this version's.

    Raises ``StoreUnusable`` for a database that a newer version of Tertulia has written.
    """
    with engine.connect().execution_options(reading=True) as connection:
        if _revision(connection) == REVISION:
            return
    # Imported here because Alembic takes longer to import than to find that it is not needed.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        found = _revision(connection)  # again, now that nobody else can change it
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            what = f"it has schema {found}, and this version of Tertulia knows {REVISION} at most"
            raise StoreUnusable(where=where, what=what, hint="upgrade Tertulia to read it")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def expect(connection: sa.Connection, where: str) -> None:
    """Raise ``StoreUnusable`` unless the tables are this version's; change nothing."""
    found = _revision(connection)
    if found is None:
        what = "it holds no rooms of Tertulia"
        raise StoreUnusable(where=where, what=what, hint="name another file")
    if found != REVISION:
        what = f"it has schema {found}, and this version of Tertulia reads {REVISION}"
        hint = "upgrade Tertulia, or open a room in it once to bring it up to date"
        raise StoreUnusable(where=where, what=what, hint=hint)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version
