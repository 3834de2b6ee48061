"""Passages of documents and the words in them, summaries, what models were given."""

import sqlalchemy as sa
from alembic import op

from tertulia.storage.fulltext import created

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "passages",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("shelf", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("audience", sa.Text),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("one_passage_per_id", "passages", ["shelf", "id"], unique=True)
    op.create_index("passages_of_a_document", "passages", ["shelf", "document", "part"])
    op.create_table(
        "summaries",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("audience", sa.Text, primary_key=True),
        sa.Column("last", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contexts",
        sa.Column("turn", sa.Text, primary_key=True),
        sa.Column("report", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(created("passage_words", op.get_bind().dialect.name))


def downgrade() -> None:
    """Drop the tables."""
    for table in ("passage_words", "contexts", "summaries", "passages"):
        op.drop_table(table)
