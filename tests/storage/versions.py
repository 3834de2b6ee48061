"""Databases of earlier versions."""

from alembic import command
from alembic.config import Config

from tertulia.storage.engine import connect
from tertulia.storage.schema import MIGRATIONS


def at_revision(url: str, revision: str) -> None:
    """Make a database as the version with this schema made it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = connect(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
