"""An answer that the smarthost refuses, or is given up on: the operator who wrote it is told."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from gateway.models.columns import table_of
from gateway.models.queues import Counter, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Event, Message, Participant
from gateway.outbound.delivery import Broken, Deferred, Delivery, Refused
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Party
from tests.factories import AT, make_operator, make_ticket, make_topic, make_user
from tests.outbound.sending import Make, Post, Scripted

MARTIN = "martin.sosa@sysmo.example"


@pytest.fixture
def post(make_runtime: Make) -> Post:
    return Post(make_runtime)


def answer_queued(post: Post, **values: Any) -> int:
    """A reply of Martín's that waits to be sent."""
    with post.runtime.db.transaction() as session:
        martin, laura = make_operator(session), make_user(session)
        ticket = make_ticket(session, laura, make_topic(session, "Facturación", martin), messages=1)
        message = Message(
            ticket_id=ticket.id, number=1, author_id=martin.id, party=Party.OPERATOR,
            text="Probá de nuevo.", created_at=post.clock(),
        )  # fmt: skip
        session.add(message)
        session.flush()
        event = Event(
            ticket_id=ticket.id, kind=EventKind.REPLIED, actor_id=martin.id, message_id=message.id,
            at=post.clock(),
        )  # fmt: skip
        session.add(event)
        session.flush()
        known = {"ticket_id": ticket.id, "event_id": event.id, "user_id": laura.id}
    return post.queue(**known, **values)


def told(post: Post) -> list[tuple[str, bytes]]:
    item = table_of(OutboxItem)
    with post.runtime.db.snapshot() as session:
        rows = session.execute(
            select(item.c.recipient, item.c.head)
            .where(item.c.purpose == Purpose.UNDELIVERED)
            .order_by(item.c.id)
        )
        return [(row.recipient, row.head) for row in rows]


REFUSED = Refused("550 5.1.1 User unknown")


@pytest.mark.parametrize(
    ("last", "state", "why"),
    [
        pytest.param(REFUSED, {}, b"la casilla no existe", id="refused for good"),
        pytest.param(
            Deferred("450 4.4.1 timed out"),
            {"attempts": 11, "created_at": AT - timedelta(days=6)},
            b"su servidor no respondi",
            id="given up after days",
        ),
        pytest.param(Broken("530 sign in first"), {"pauses": 2}, b"el servidor no dijo", id="set aside"),
    ],
)
async def test_the_operator_is_told_of_an_answer_that_was_never_sent(
    post: Post, last: Delivery, state: dict[str, Any], why: bytes
) -> None:
    item = answer_queued(post, **state)
    async with post.sending(Scripted(last)):
        await post.until_state(OutboxState.FAILED, item)
    ((recipient, head),) = told(post)
    assert recipient == MARTIN
    assert why in b" ".join(head.replace(b"=\r\n", b"").split())
    assert "Probá de nuevo.".encode() in head.replace(b"=C3=A1", "á".encode())


@pytest.mark.parametrize("purpose", [Purpose.NOTICE, Purpose.ACKNOWLEDGEMENT, Purpose.UNDELIVERED])
async def test_of_what_no_person_wrote_nobody_is_told(post: Post, purpose: Purpose) -> None:
    item = answer_queued(post, purpose=purpose)
    before = len(told(post))
    async with post.sending(Scripted(REFUSED)):
        await post.until_state(OutboxState.FAILED, item)
    assert len(told(post)) == before
    with post.runtime.db.snapshot() as session:
        kinds = session.execute(select(table_of(Event).c.kind).order_by(table_of(Event).c.id)).scalars().all()
    assert kinds[-1] == EventKind.NOT_DELIVERED, "the ticket shows it all the same"


@pytest.mark.parametrize(
    ("answer", "failures"),
    [
        pytest.param(REFUSED, 1, id="their side refused"),
        pytest.param(Refused("an attachment is lost: x"), 0, id="our own fault"),
    ],
)
async def test_only_what_their_side_refused_counts_against_an_address(
    post: Post, answer: Delivery, failures: int
) -> None:
    item = answer_queued(post)
    async with post.sending(Scripted(answer)):
        await post.until_state(OutboxState.FAILED, item)
    counter = table_of(Counter)
    with post.runtime.db.snapshot() as session:
        counted = select(func.count()).where(counter.c.name.like("undelivered:%"))
        assert session.execute(counted).scalar_one() == failures


async def test_an_answer_to_somebody_who_takes_no_part_any_more_shows_on_the_ticket(post: Post) -> None:
    item = answer_queued(post)
    with post.runtime.db.transaction() as session:
        session.execute(delete(Participant))
    transport = Scripted()
    async with post.sending(transport):
        await post.until_state(OutboxState.FAILED, item)
    assert transport.parcels == []
    with post.runtime.db.snapshot() as session:
        kinds = session.execute(select(table_of(Event).c.kind).order_by(table_of(Event).c.id)).scalars().all()
    assert kinds[-1] == EventKind.NOT_DELIVERED
