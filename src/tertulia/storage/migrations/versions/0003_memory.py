"""Facts, and the indexes of words in them and in what was said."""

import sqlalchemy as sa
from alembic import op

from tertulia.storage.fulltext import created

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "facts",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("about", sa.Text),
        sa.Column("audience", sa.Text),
        sa.Column("elsewhere", sa.Text),
        sa.Column("ended", sa.Float),
        sa.Column("ended_by", sa.Text),
        sa.Column("successor", sa.Text),
    )
    op.create_index("one_fact_per_id", "facts", ["id"], unique=True)
    op.create_index("facts_of_a_room", "facts", ["room", "number"])
    op.create_index("facts_of_all_rooms", "facts", ["scope", "number"])
    op.create_table(
        "searchable",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_index("one_room_per_number", "searchable", ["number"], unique=True)
    for name in ("utterance_words", "fact_words"):
        op.execute(created(name, op.get_bind().dialect.name))


def downgrade() -> None:
    """Drop the tables."""
    for table in ("utterance_words", "fact_words", "searchable", "facts"):
        op.drop_table(table)
