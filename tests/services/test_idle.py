"""Requests that close by themselves: answered, and silent for the days that are set."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.queues import OutboxItem, Purpose
from gateway.models.tickets import Event, Ticket
from gateway.rules.lifecycle import EventKind, Status
from gateway.runtime import Runtime
from gateway.services import idle
from gateway.services.desk import Desk, open_desk
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user

LONG_AGO = NOW - timedelta(days=15, seconds=1)
DONE = {"status": Status.IN_PROGRESS, "first_reply_at": LONG_AGO, "updated_at": LONG_AGO}


@pytest.fixture
def desk(runtime: Runtime) -> Desk:
    desk = open_desk(runtime.config, runtime.secret)
    return replace(desk, tickets=desk.tickets.model_copy(update={"auto_close_days": 15}))


@pytest.mark.parametrize(
    ("values", "closes"),
    [
        ({}, True),
        ({"updated_at": LONG_AGO + timedelta(seconds=2)}, False),
        ({"waiting_since": LONG_AGO}, False),
        ({"status": Status.NEW}, False),
        ({"status": Status.CLOSED, "closed_at": LONG_AGO}, False),
        ({"first_reply_at": None}, False),
    ],
    ids=["silent", "fourteen days", "a client waits", "new", "closed", "taken, and never answered"],
)
def test_what_closes_by_itself(session: Session, desk: Desk, values: dict[str, object], closes: bool) -> None:
    laura, topic = make_user(session), make_topic(session, "Facturación", make_operator(session))
    ticket = make_ticket(session, laura, topic, messages=1, **DONE | values)
    assert not idle.close_some(session, desk, now=NOW)
    session.flush()
    event, item = table_of(Event).c, table_of(OutboxItem).c
    events = session.execute(select(event.kind, event.actor_id).where(event.ticket_id == ticket.id)).all()
    told = session.execute(select(item.user_id, item.purpose).where(item.ticket_id == ticket.id)).all()
    if closes:
        assert (ticket.status, ticket.closed_at) == (Status.CLOSED, NOW)
        assert [tuple(each) for each in events] == [(EventKind.CLOSED, None)]
        assert (laura.id, Purpose.CLOSED) in [tuple(each) for each in told]
    else:
        assert ticket.status is values.get("status", Status.IN_PROGRESS)
        assert (events, told) == ([], [])


def test_none_without_days(session: Session, runtime: Runtime) -> None:
    ticket = make_ticket(session, make_user(session), make_topic(session), **DONE)
    assert not idle.close_some(session, open_desk(runtime.config, runtime.secret), now=NOW)
    assert ticket.status is Status.IN_PROGRESS


def test_some_at_a_time(session: Session, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "BATCH", 2)
    laura, topic = make_user(session), make_topic(session)
    made = [make_ticket(session, laura, topic, **DONE) for _ in range(3)]
    assert idle.close_some(session, desk, now=NOW)
    session.flush()
    assert not idle.close_some(session, desk, now=NOW)
    session.flush()
    row = table_of(Ticket).c
    states = session.execute(select(row.status).where(row.id.in_([each.id for each in made]))).scalars()
    assert set(states) == {Status.CLOSED}
