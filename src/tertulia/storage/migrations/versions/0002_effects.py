"""What turns did to the world, and results that were too long to be read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "effects",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("turn", sa.Text, nullable=False),
        sa.Column("participant", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("began", sa.Float, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requester", sa.Text),
        sa.Column("principal", sa.Text),
        sa.Column("audience", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("whole", sa.Text),
        sa.Column("settled", sa.Float),
        sa.Column("data", sa.Boolean, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("decided_by", sa.Text),
    )
    op.create_index("one_effect_per_call", "effects", ["id"], unique=True)
    op.create_index("effects_of_a_turn", "effects", ["turn"])
    op.create_index("effects_of_a_room", "effects", ["room", "number"])
    op.create_table(
        "results",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("results", "effects"):
        op.drop_table(table)
