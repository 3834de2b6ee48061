"""The tables. Rows are plain columns and JSON text that you can read with any SQL shell."""

import sqlalchemy as sa

REVISION = "0005"
"""The migration that makes exactly these tables."""

metadata = sa.MetaData()

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("until", sa.Float, nullable=False),
)
"""Processes that may own rooms, and until when (Unix seconds) they are known to be alive."""

rooms = sa.Table(
    "rooms",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("head", sa.Integer, nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
)
"""One row a room: who may write to it (owner and fencing token), and where its log ends."""

events = sa.Table(
    "events",
    metadata,
    sa.Column("room", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("cause", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("audience", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The log. ``audience`` is a JSON list or NULL for everybody; ``chain`` digests all up to here."""


sa.Index(
    "one_event_per_key",
    events.c.room,
    events.c.by,
    events.c.key,
    unique=True,
    sqlite_where=events.c.key.is_not(None),
    postgresql_where=events.c.key.is_not(None),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("room", sa.Text, nullable=False),
    sa.Column("participant", sa.Text, nullable=False),
    sa.Column("granted", sa.Integer, nullable=False),
    sa.Column("ended", sa.Integer),
    sa.Column("outcome", sa.Text),
    sqlite_with_rowid=False,
)
"""One row a turn: the seq of its grant, and, once it is settled, the seq of its end and how."""

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("room", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("floor", sa.Text, nullable=False),
)
"""The floor of a room after event ``seq``, so that opening it need not read the whole log."""

effects = sa.Table(
    "effects",
    metadata,
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
    sa.Column("rule", sa.Text),
)
"""One row a tool call, in the order in which they were begun: intent, and what came of it."""

sa.Index("one_effect_per_call", effects.c.id, unique=True)
sa.Index("effects_of_a_turn", effects.c.turn)
sa.Index("effects_of_a_room", effects.c.room, effects.c.number)
_UNSETTLED = effects.c.settled.is_(None)
sa.Index(
    "unsettled_effects",
    effects.c.room,
    effects.c.number,
    sqlite_where=_UNSETTLED,
    postgresql_where=_UNSETTLED,
)

results = sa.Table(
    "results",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)
"""Results of tools that were too long to be read, whole."""
facts = sa.Table(
    "facts",
    metadata,
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
"""One row a fact, for ever. ``sources`` is a JSON list of seqs; ``ended`` says since when not."""

sa.Index("one_fact_per_id", facts.c.id, unique=True)
sa.Index("facts_of_a_room", facts.c.room, facts.c.number)
sa.Index("facts_of_all_rooms", facts.c.scope, facts.c.number)

searchable = sa.Table(
    "searchable",
    metadata,
    sa.Column("room", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
)
"""Up to which seq what was said in a room is in the index of words, and its number there."""

sa.Index("one_room_per_number", searchable.c.number, unique=True)

passages = sa.Table(
    "passages",
    metadata,
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
"""One row a passage of a document; ``vector`` is float32, little end first, as long as 1."""

sa.Index("one_passage_per_id", passages.c.shelf, passages.c.id, unique=True)
sa.Index("passages_of_a_document", passages.c.shelf, passages.c.document, passages.c.part)

summaries = sa.Table(
    "summaries",
    metadata,
    sa.Column("room", sa.Text, primary_key=True),
    sa.Column("audience", sa.Text, primary_key=True),
    sa.Column("last", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)
"""What was said to one audience, in short, from ``first`` to ``last``; '' is everybody."""

contexts = sa.Table(
    "contexts",
    metadata,
    sa.Column("turn", sa.Text, primary_key=True),
    sa.Column("report", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What a turn's model was given to read, and what was left out: JSON, with no text in it."""
