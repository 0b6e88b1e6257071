"""Decisions on held mail, silence towards an address, digests; new kinds of events, mail and tokens"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"

Time = sqlmodel.sql.sqltypes.UTCDateTime

EVENTS = (
    "opened taken assigned moved replied commented closed reopened bounced automatic not_delivered delayed "
    "delivered read silenced proposed joined"
)
PURPOSES = "acknowledgement notice reply closed confirm reset mistake undelivered missed verify digest alert"
TOKENS = "reply bounce set_up password verify"
DECISIONS = "accept accept_as_new discard"


def upgrade() -> None:
    with op.batch_alter_table("person") as person:
        person.add_column(sa.Column("silent_until", Time(), nullable=True))
    _allow("event", "kind", "kind", EVENTS)
    _allow("outbox_item", "purpose", "purpose", PURPOSES)
    _allow("token", "purpose", "purpose", TOKENS)
    with op.batch_alter_table("token") as token:
        token.add_column(sa.Column("journal_id", sa.Integer(), nullable=True))
        token.create_foreign_key(op.f("fk_token_journal_id"), "journal_entry", ["journal_id"], ["id"])
    with op.batch_alter_table("journal_entry") as entry:
        entry.add_column(sa.Column("decision", sa.String(length=32), nullable=True))
        entry.add_column(sa.Column("decided_by", sa.Integer(), nullable=True))
        entry.add_column(sa.Column("decided_at", Time(), nullable=True))
        entry.create_foreign_key(op.f("fk_journal_entry_decided_by"), "person", ["decided_by"], ["id"])
        entry.create_check_constraint(op.f("ck_journal_entry_decision"), _one_of("decision", DECISIONS))
    op.create_table(
        "pending_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_pending_notice_user_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_pending_notice_ticket_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_pending_notice_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_notice")),
    )
    op.create_index(op.f("ix_pending_notice_user_id"), "pending_notice", ["user_id"])


def _allow(table: str, column: str, constraint: str, words: str) -> None:
    """Put another CHECK in the place of the one that says what a text enum may hold."""
    name = op.f(f"ck_{table}_{constraint}")
    with op.batch_alter_table(table) as changed:
        changed.drop_constraint(name, type_="check")
        changed.create_check_constraint(name, _one_of(column, words))


def _one_of(column: str, words: str) -> sa.TextClause:
    """A condition in plain words: of one made of columns, a table rebuilt on SQLite would lose it."""
    return sa.text(f"{column} IN ({', '.join(repr(word) for word in words.split())})")
