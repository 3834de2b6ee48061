"""Whose approval a tool needs, and the effects that are not settled yet."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the index."""
    op.add_column("effects", sa.Column("rule", sa.Text))
    op.create_index(
        "unsettled_effects",
        "effects",
        ["room", "number"],
        sqlite_where=sa.text("settled IS NULL"),
        postgresql_where=sa.text("settled IS NULL"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("unsettled_effects", "effects")
    op.drop_column("effects", "rule")
