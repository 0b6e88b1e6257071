"""Accounts, read marks, waiting clients, an audit trail, forms that work once"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"

Time = sqlmodel.sql.sqltypes.UTCDateTime

EVENTS = (
    "opened taken assigned moved replied commented closed reopened bounced automatic not_delivered delayed "
    "delivered read silenced proposed joined left"
)
PURPOSES = "acknowledgement notice reply closed confirm reset mistake undelivered missed verify digest alert security"
THEMES = "system light dark"
DEEDS = (
    "set_up site_changed topic_added topic_changed user_added user_changed user_disabled user_enabled "
    "reset_started company_changed companies_merged mail_accepted mail_discarded mail_retried mail_given_up "
    "password_changed signed_out_everywhere"
)

PUBLIC = "kind = 'public' AND party <> 'system' AND NOT automatic"


def upgrade() -> None:
    with op.batch_alter_table("person") as person:
        person.add_column(sa.Column("theme", sa.String(length=32), nullable=False, server_default="system"))
        person.add_column(sa.Column("shortcuts", sa.Boolean(), nullable=True))
        person.create_check_constraint(op.f("ck_person_theme"), _one_of("theme", THEMES))
    with op.batch_alter_table("web_session") as web_session:
        web_session.add_column(sa.Column("confirmed_at", Time(), nullable=True))
    with op.batch_alter_table("topic") as topic:
        topic.add_column(sa.Column("description", sa.String(length=200), nullable=False, server_default=""))
        topic.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE topic SET position = id")
    with op.batch_alter_table("message") as message:
        message.add_column(sa.Column("html_version", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE message SET html_version = 1 WHERE html <> ''")
    with op.batch_alter_table("outbox_item") as item:
        item.add_column(sa.Column("given_up_at", Time(), nullable=True))
        item.add_column(sa.Column("given_up_by", sa.Integer(), nullable=True))
        item.create_foreign_key(op.f("fk_outbox_item_given_up_by"), "person", ["given_up_by"], ["id"])
    _tickets()
    _allow("event", "kind", "kind", EVENTS)
    _allow("outbox_item", "purpose", "purpose", PURPOSES)
    _new_tables()


def _tickets() -> None:
    with op.batch_alter_table("ticket") as ticket:
        ticket.add_column(sa.Column("public_at", Time(), nullable=True))
        ticket.add_column(sa.Column("waiting_since", Time(), nullable=True))
    op.execute(
        "UPDATE ticket SET public_at = coalesce("
        f"(SELECT max(created_at) FROM message WHERE ticket_id = ticket.id AND {PUBLIC}), created_at)"
    )
    answered = (
        f"SELECT max(number) FROM message WHERE ticket_id = ticket.id AND {PUBLIC} AND party = 'operator'"
    )
    op.execute(
        "UPDATE ticket SET waiting_since = (SELECT min(created_at) FROM message "
        f"WHERE ticket_id = ticket.id AND {PUBLIC} AND party = 'client' AND number > coalesce(({answered}), 0)) "
        "WHERE status <> 'closed'"
    )
    op.drop_index("ix_ticket_requester", "ticket")
    with op.batch_alter_table("ticket") as ticket:
        ticket.alter_column("public_at", existing_type=Time(), nullable=False)
    op.create_index("ix_ticket_requester", "ticket", ["requester_id", "public_at"])


def _new_tables() -> None:
    op.create_table(
        "registration",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("cuit", sa.String(length=11), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("used_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_registration")),
    )
    op.create_index(op.f("ix_registration_email"), "registration", ["email"])
    op.create_table(
        "ticket_seen",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_ticket_seen_user_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_seen_ticket_id")),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", name=op.f("pk_ticket_seen")),
    )
    op.create_index(op.f("ix_ticket_seen_ticket_id"), "ticket_seen", ["ticket_id"])
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=2000), nullable=False),
        sa.Column("updated_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Time(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("deed", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_audit_entry_actor_id")),
        sa.CheckConstraint(_one_of("deed", DEEDS), name=op.f("ck_audit_entry_deed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"])
    op.create_table(
        "used_form",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=2000), nullable=False),
        sa.Column("notice", sa.String(length=500), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_used_form")),
    )
    op.create_index(op.f("ix_used_form_created_at"), "used_form", ["created_at"])


def _allow(table: str, column: str, constraint: str, words: str) -> None:
    """Put another CHECK in the place of the one that says what a text enum may hold."""
    name = op.f(f"ck_{table}_{constraint}")
    with op.batch_alter_table(table) as changed:
        changed.drop_constraint(name, type_="check")
        changed.create_check_constraint(name, _one_of(column, words))


def _one_of(column: str, words: str) -> sa.TextClause:
    """A condition in plain words: of one made of columns, a table rebuilt on SQLite would lose it."""
    return sa.text(f"{column} IN ({', '.join(repr(word) for word in words.split())})")
