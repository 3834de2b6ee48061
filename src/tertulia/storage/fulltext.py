"""How words are kept and found in a database: FTS5 in SQLite, tsvector in PostgreSQL. Only here.

An index has a number for each text and no text: the texts stand in the tables. What goes in has
been folded by ``query.words_of``, and what is looked for is handed over as quoted words, so that no
sign in it means anything to the database.

SQLite is what the tests run. The wording for PostgreSQL was tried by hand against version 15
(words, phrases, beginnings, several scripts, signs that mean something to it); no test runs it,
since no store of ours speaks PostgreSQL yet.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from tertulia.orchestrator.query import Query, Term, words_of

INDEXES = ("utterance_words", "fact_words", "passage_words")
"""The names of all indexes; those of the tables in which FTS5 keeps them begin so too."""

_SIMPLE: sa.ColumnElement[str] = sa.literal_column("'simple'")
"""PostgreSQL's way to take words as they are: they have been folded already."""


class FullText:
    """One index: numbers by the words of texts."""

    def __init__(self, name: str) -> None:
        """``name`` is that of its table."""
        self.name = name
        self.table = sa.table(name, sa.column("rowid", sa.Integer), sa.column("words", sa.Text))

    def add(self, connection: sa.Connection, texts: Iterable[tuple[int, str]]) -> None:
        """Keep the words of texts under their numbers."""
        rows = [{"number": number, "words": " ".join(words_of(text))} for number, text in texts]
        if not rows:
            return
        words: sa.ColumnElement[str] = sa.bindparam("words", type_=sa.Text)
        if connection.dialect.name != "sqlite":
            words = sa.func.to_tsvector(_SIMPLE, words)
        into = self.table.insert().values(rowid=sa.bindparam("number"), words=words)
        connection.execute(into, rows)

    def remove(self, connection: sa.Connection, texts: Sequence[tuple[int, str]]) -> None:
        """Keep the words of texts no longer; the texts are those that were added."""
        if connection.dialect.name != "sqlite":
            gone = self.table.delete().where(self.table.c.rowid.in_([n for n, _ in texts]))
            connection.execute(gone)
            return
        # FTS5 takes commands in the column that bears the table's name.
        command: sa.ColumnClause[str] = sa.column(self.name)
        into = sa.table(self.name, command, sa.column("rowid"), sa.column("words")).insert()
        rows = [
            {self.name: "delete", "rowid": number, "words": " ".join(words_of(text))}
            for number, text in texts
        ]
        if rows:
            connection.execute(into, rows)

    def found(self, query: Query, dialect: str) -> sa.ColumnElement[bool]:
        """The condition on ``table`` that a query finds the text."""
        c = self.table.c
        if dialect == "sqlite":
            return c.words.op("MATCH")(_fts5(query))
        return c.words.op("@@")(sa.func.to_tsquery(_SIMPLE, _tsquery(query)))


def created(name: str, dialect: str) -> str:
    """The statement that makes an index, for migrations."""
    if dialect == "sqlite":
        options = "words, content='', columnsize=0"
        tokens = "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\""
        return f"CREATE VIRTUAL TABLE {name} USING fts5({options}, {tokens})"
    return f"CREATE TABLE {name} (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"


def is_part_of_an_index(table: str) -> bool:
    """Whether a table is an index, or one in which FTS5 keeps it: Alembic is to leave it alone."""
    return any(table == name or table.startswith(f"{name}_") for name in INDEXES)


def _fts5(query: Query) -> str:
    def worded(term: Term) -> str:
        return f'"{" ".join(term.words)}"' + (" *" if term.prefix else "")

    return (" OR " if query.any else " AND ").join(map(worded, query.terms))


def _tsquery(query: Query) -> str:
    def worded(term: Term) -> str:
        *first, last = (f"'{word}'" for word in term.words)
        return f"({' <-> '.join([*first, last + (':*' if term.prefix else '')])})"

    return (" | " if query.any else " & ").join(map(worded, query.terms))
