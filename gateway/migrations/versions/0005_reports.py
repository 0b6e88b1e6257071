"""Reports: each request that counts and each of its closings, in numbers that add up fast.

Requests that are there already are counted by and by, from the scheduler (services/counting).
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

PURPOSES = (
    "acknowledgement notice reply closed confirm reset mistake undelivered missed verify digest alert security "
    "report"
)
REQUEST_INDEXES = {
    "opened": ["opened", "topic_id", "channel", "requester_id"],
    "topic": ["topic_id", "channel", "opened"],
    "requester": ["requester_id", "opened"],
    "answered": ["answered", "answered_by", "answer_minutes", "answer_work_minutes"],
    "answerer": ["answered_by", "answered"],
    "minutes": ["answer_minutes", "answered"],
    "work_minutes": ["answer_work_minutes", "answered"],
}
CLOSING_INDEXES = {
    "closed": ["closed", "closed_by", "next_closed", "reopened", "minutes", "work_minutes"],
    "closer": ["closed_by", "closed", "next_closed", "minutes", "work_minutes"],
    "topic": ["topic_id", "closed", "next_closed", "minutes", "work_minutes"],
    "requester": ["requester_id", "closed", "next_closed", "minutes", "work_minutes"],
    "minutes": ["minutes", "closed", "next_closed"],
    "work_minutes": ["work_minutes", "closed", "next_closed"],
}


def upgrade() -> None:
    with op.batch_alter_table("outbox_item") as item:
        item.drop_constraint(op.f("ck_outbox_item_purpose"), type_="check")
        words = ", ".join(repr(word) for word in PURPOSES.split())
        item.create_check_constraint(op.f("ck_outbox_item_purpose"), sa.text(f"purpose IN ({words})"))
    op.create_table(
        "counted_request",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answer_minutes", sa.Integer(), nullable=True),
        sa.Column("answer_work_minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(sa.text("channel IN ('email', 'web')"), name=op.f("ck_counted_request_channel")),
        *_to("counted_request", ticket_id="ticket", topic_id="topic", requester_id="person"),
        *_to("counted_request", answered_by="person"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_counted_request")),
    )
    op.create_table(
        "counted_closing",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("work_minutes", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=True),
        sa.Column("next_closed", sa.Integer(), nullable=True),
        *_to("counted_closing", ticket_id="ticket", closed_by="person", topic_id="topic"),
        *_to("counted_closing", requester_id="person"),
        sa.PrimaryKeyConstraint("ticket_id", "number", name=op.f("pk_counted_closing")),
    )
    for name, columns in REQUEST_INDEXES.items():
        op.create_index(f"ix_counted_request_{name}", "counted_request", columns)
    for name, columns in CLOSING_INDEXES.items():
        op.create_index(f"ix_counted_closing_{name}", "counted_closing", columns)
    where = sa.text("reopened IS NOT NULL")
    columns = ["reopened", "closed_by"]
    name = "ix_counted_closing_reopened"
    op.create_index(name, "counted_closing", columns, sqlite_where=where, postgresql_where=where)


def _to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, other in columns.items()
    ]
