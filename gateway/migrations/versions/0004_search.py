"""Search: the words of each request; indexes for lists in every order.

Requests that are there already get their words by and by, from the scheduler (services/search_index).
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"

Time = sqlmodel.sql.sqltypes.UTCDateTime

SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(stems, hidden_stems, "
    "content='search_document', content_rowid='ticket_id', tokenize='ascii', detail=none, columnsize=0)"
)
POSTGRES_INDEX = (
    "CREATE INDEX ix_search_document_stems ON search_document "
    "USING gin (string_to_array(substr(stems || hidden_stems, 2), ' '))"
)
LISTS = {
    "ix_ticket_topic_status": ["topic_id", "status", "updated_at", "id"],
    "ix_ticket_assignee_status": ["assignee_id", "status", "updated_at", "id"],
    "ix_ticket_status": ["status", "updated_at", "id"],
    "ix_ticket_requester": ["requester_id", "public_at", "id"],
}
WAITING = {
    "ix_ticket_topic_waiting": ["topic_id", "waiting_since", "id"],
    "ix_ticket_assignee_waiting": ["assignee_id", "waiting_since", "id"],
    "ix_ticket_waiting": ["waiting_since", "id"],
}


def upgrade() -> None:
    for name in ("ix_ticket_topic_status", "ix_ticket_assignee_status", "ix_ticket_requester"):
        op.drop_index(name, "ticket")
    for name, columns in LISTS.items():
        op.create_index(name, "ticket", columns)
    where = sa.text("waiting_since IS NOT NULL")
    for name, columns in WAITING.items():
        op.create_index(name, "ticket", columns, sqlite_where=where, postgresql_where=where)
    where = sa.text("assignee_id IS NULL")
    columns = ["topic_id", "status", "updated_at", "id"]
    op.create_index("ix_ticket_unassigned", "ticket", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_outbox_item_state", "outbox_item", ["state", "id"])
    op.create_table(
        "search_document",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("hidden_words", sa.Text(), nullable=False),
        sa.Column("stems", sa.Text(), nullable=False),
        sa.Column("hidden_stems", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_search_document_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_search_document")),
    )
    op.execute(SQLITE_INDEX if op.get_bind().dialect.name == "sqlite" else POSTGRES_INDEX)
    op.create_table(
        "search_task",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("finished_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_search_task_person_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_task")),
    )
