"""The made-up help desk: whole, true to the books, and closed to the outside."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import Session
from stdnum.ar import cuit

from gateway.config import Config
from gateway.demo import visitors
from gateway.demo.fill import colleagues, fill, sign_ins
from gateway.demo.visitors import Pass
from gateway.errors import NotFound
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.site import AuditEntry
from gateway.models.tickets import Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.people import Role
from gateway.services import books, passwords
from gateway.services.desk import open_desk
from tests.conftest import NOW, ONE_ENGINE
from tests.factories import make_topic, make_user
from tests.office import parsed_templates

COUNT = 16
"""Requests; with fewer some of what goes wrong would find no request to go wrong on."""

DEMO = {
    "mail": {"address": "soporte@sysmo.example", "reply_address": "soporte+{token}@sysmo.example"},
    "trust": {"authserv_ids": ("mx.sysmo.example",), "dkim": False},
}


@pytest.fixture
def filled(session: Session, tmp_path: Path) -> Session:
    desk = replace(open_desk(Config(**DEMO), b"a secret for tests only"), templates=parsed_templates())
    fill(session, desk, tmp_path / "blobs", now=NOW, count=COUNT)
    session.flush()
    return session


def column(session: Session, statement: object) -> list[object]:
    return list(session.execute(statement).scalars())  # type: ignore[call-overload]


@ONE_ENGINE
def test_the_books_of_a_demo_balance_and_it_has_what_pages_show(filled: Session) -> None:
    ticket, person, entry = table_of(Ticket).c, table_of(User).c, table_of(JournalEntry).c
    assert list(books.differences(filled)) == []
    assert filled.execute(select(func.count(ticket.id))).scalar_one() == COUNT
    oldest, newest = filled.execute(select(func.min(ticket.created_at), func.max(ticket.updated_at))).one()
    assert NOW - timedelta(days=92) < oldest
    assert newest <= NOW
    outcomes = set(column(filled, select(entry.outcome)))
    assert {Outcome.OPENED, Outcome.APPENDED, Outcome.HELD, Outcome.FAILED, Outcome.AUTOMATIC} <= outcomes
    states = set(column(filled, select(table_of(OutboxItem).c.state)))
    assert OutboxState.QUEUED not in states
    audited = table_of(AuditEntry).c
    quoted = column(filled, select(table_of(Message).c.quoted))
    assert any("Enviado: " in str(each) for each in quoted), "what Outlook quotes is folded"
    deeds = filled.execute(select(audited.deed, audited.subject)).all()
    assert len(deeds) == len(set(deeds))
    assert set(column(filled, select(person.email).where(person.role == Role.OPERATOR))) == {
        each.email for each in (*sign_ins(), *colleagues()) if each.role is Role.OPERATOR
    }
    assert OutboxState.SENT in states
    assert {bool(each) for each in column(filled, select(table_of(Message).c.verified))} == {True, False}
    addresses = column(filled, select(person.email)) + column(
        filled, select(table_of(OutboxItem).c.recipient)
    )
    assert all(str(each).endswith(".example") for each in addresses)
    for number in column(filled, select(table_of(Company).c.cuit)):
        assert cuit.is_valid(str(number))
    assert not [
        text for text in column(filled, select(table_of(Message).c.text)) if re.search(r"[{}]", str(text))
    ]


def test_a_visitor_gets_new_passwords_and_another_database_none(session: Session) -> None:
    wanted = sign_ins()
    assert not visitors.is_filled(session, wanted)
    for each in wanted:
        make_user(session, each.email, name=each.name, role=each.role)
    assert visitors.is_filled(session, wanted)
    (one,) = visitors.make_passes(wanted[:1])
    visitors.let_in(session, [one], now=NOW)
    person = table_of(User).c
    stored = session.execute(select(person.password_hash).where(person.email == one.account.email)).scalar()
    assert passwords.verify(one.password, stored)[0]
    visitors.let_in(session, [Pass(one.account, "", "other")], now=NOW)


def test_people_who_are_no_part_of_the_demo_are_left_alone(session: Session) -> None:
    make_user(session, "somebody@real.example")
    with pytest.raises(NotFound):
        visitors.is_filled(session, sign_ins())


def test_topics_that_are_no_part_of_the_demo_are_left_alone(session: Session) -> None:
    """Before anybody signed in, or wrote, an installation may have its topics."""
    make_topic(session, "Ventas")
    with pytest.raises(NotFound):
        visitors.is_filled(session, sign_ins())
