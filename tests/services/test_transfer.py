"""The export: the objects of the contract, oldest first, the same bytes on both engines."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from gateway.models.people import User
from gateway.models.queues import Blob, Door, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Attachment, Event, Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party, UserStatus
from gateway.services.transfer import export
from gateway.services.transfer_tickets import utc
from tests import factories

HASH = "ab" * 32
DAY = timedelta(days=1)


def make_blob(session: Session, now: datetime) -> None:
    session.add(Blob(sha256=HASH, size=3, data=b"abc", created_at=now))
    session.flush()


def make_entry(session: Session, now: datetime, **values: Any) -> JournalEntry:
    entry = JournalEntry(
        **{
            "door": Door.SMTP,
            "received_at": now,
            "envelope_from": "bounces@andina.example",
            "recipients": ["soporte@sysmo.example"],
            "sha256": HASH,
            "size": 3,
            "due_at": now,
        }
        | values
    )
    session.add(entry)
    session.flush()
    return entry


def make_item(session: Session, user: User, now: datetime, **values: Any) -> OutboxItem:
    item = OutboxItem(
        **{
            "user_id": user.id,
            "recipient": user.email,
            "purpose": Purpose.REPLY,
            "resend": True,
            "message_id": "one@sysmo.example",
            "head": b"",
            "due_at": now,
            "created_at": now,
        }
        | values
    )
    session.add(item)
    session.flush()
    return item


def make_ticket_with_all(session: Session, now: datetime) -> Ticket:
    """A request by mail with a file, answered, and the mails behind it."""
    company = factories.make_company(session)
    laura = factories.make_user(session, company_id=company.id)
    martin = factories.make_operator(session)
    topic = factories.make_topic(session, "Facturación", martin, is_default=True)
    make_blob(session, now)
    ticket = factories.make_ticket(
        session,
        laura,
        topic,
        status=Status.IN_PROGRESS,
        assignee_id=martin.id,
        messages=2,
        first_reply_at=now,
    )
    entry = make_entry(
        session,
        now,
        outcome=Outcome.OPENED,
        reason="new",
        ticket_id=ticket.id,
        settled_at=now,
        due_at=None,
        from_address=laura.email,
        message_id="a@andina.example",
    )
    question = Message(
        ticket_id=ticket.id,
        number=1,
        author_id=laura.id,
        party=Party.CLIENT,
        verified=True,
        message_id="a@andina.example",
        journal_id=entry.id,
        text="No puedo emitir\nfacturas «A»",
        created_at=now,
    )
    answer = Message(
        ticket_id=ticket.id,
        number=2,
        author_id=martin.id,
        party=Party.OPERATOR,
        kind=MessageKind.INTERNAL,
        channel=Channel.WEB,
        text="¿Probó?",
        quoted="> No puedo",
        created_at=now + timedelta(seconds=90),
    )
    session.add_all([question, answer])
    session.flush()
    session.add_all(
        [
            Attachment(
                id=f"file{position}",
                message_id=question.id,
                position=position,
                filename=f"{position}.png",
                content_type="image/png",
                size=3,
                sha256=HASH,
                inline=position == 1,
            )
            for position in (1, 0)
        ]
    )
    session.add(
        Event(
            ticket_id=ticket.id, kind=EventKind.OPENED, actor_id=laura.id, at=now, detail={"b": 1, "a": "ñ"}
        )
    )
    session.add(Event(ticket_id=ticket.id, kind=EventKind.AUTOMATIC, at=now))
    session.flush()
    make_item(
        session, laura, now, ticket_id=ticket.id, state=OutboxState.SENT, due_at=None, sent_at=now, attempts=1
    )
    return ticket


EXPECTED = """\
{"type": "company", "name": "Distribuidora Andina S.A.", "cuit": "30999999804"}
{"type": "user", "email": "laura.gimenez@andina.example", "name": "Laura Giménez", "role": "client", \
"status": "active", "company": "30999999804", "phone": null, "created_at": "2026-05-11T20:48:00.000000Z"}
{"type": "user", "email": "martin.sosa@sysmo.example", "name": "Martín Sosa", "role": "operator", \
"status": "active", "company": null, "phone": null, "created_at": "2026-05-11T20:48:00.000000Z"}
{"type": "topic", "name": "Facturación", "address": null, "operators": ["martin.sosa@sysmo.example"], \
"default": true}
{"type": "ticket", "number": 1, "subject": "No puedo emitir facturas A desde ayer", "topic": "Facturación", \
"status": "in_progress", "requester": "laura.gimenez@andina.example", \
"assignee": "martin.sosa@sysmo.example", "participants": ["laura.gimenez@andina.example"], \
"channel": "email", "linked_to": null, "created_at": "2026-05-11T20:48:00.000000Z", \
"first_reply_at": "2026-05-11T20:48:00.000000Z", "closed_at": null, "messages": [\
{"id": "1", "author": "laura.gimenez@andina.example", "role": "client", "kind": "public", \
"channel": "email", "verified": true, "automatic": false, "message_id": "a@andina.example", \
"text": "No puedo emitir\\nfacturas «A»", "quoted": "", "created_at": "2026-05-11T20:48:00.000000Z", \
"attachments": [\
{"filename": "0.png", "content_type": "image/png", "size": 3, "sha256": "HASH", "inline": false}, \
{"filename": "1.png", "content_type": "image/png", "size": 3, "sha256": "HASH", "inline": true}]}, \
{"id": "2", "author": "martin.sosa@sysmo.example", "role": "operator", "kind": "internal", \
"channel": "web", "verified": false, "automatic": false, "message_id": null, "text": "¿Probó?", \
"quoted": "> No puedo", "created_at": "2026-05-11T20:49:30.000000Z", "attachments": []}], "events": [\
{"kind": "opened", "actor": "laura.gimenez@andina.example", "at": "2026-05-11T20:48:00.000000Z", \
"detail": {"b": 1, "a": "ñ"}}, \
{"kind": "automatic", "actor": null, "at": "2026-05-11T20:48:00.000000Z", "detail": {}}]}
{"type": "mail_in", "id": "1", "door": "smtp", "received_at": "2026-05-11T20:48:00.000000Z", \
"from": "laura.gimenez@andina.example", "to": ["soporte@sysmo.example"], "message_id": "a@andina.example", \
"outcome": "opened", "reason": "new", "ticket": 1}
{"type": "mail_out", "id": "out-1", "to": "laura.gimenez@andina.example", "purpose": "reply", \
"message_id": "one@sysmo.example", "state": "sent", "attempts": 1, "ticket": 1, \
"created_at": "2026-05-11T20:48:00.000000Z", "sent_at": "2026-05-11T20:48:00.000000Z"}
""".replace("HASH", HASH)


def test_the_export_is_the_same_to_the_byte_on_every_engine(session: Session, now: datetime) -> None:
    make_ticket_with_all(session, now)
    session.commit()
    lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in export(session)]
    assert "".join(lines) == EXPECTED


def test_mail_that_waits_says_so_and_unknown_values_are_null(session: Session, now: datetime) -> None:
    make_blob(session, now)
    make_entry(session, now, envelope_from="", recipients=[])
    factories.make_user(session, name="", status=UserStatus.PROVISIONAL)
    session.commit()
    user, mail = export(session)
    assert (user["name"], user["status"], user["company"]) == (None, "provisional", None)
    assert (mail["outcome"], mail["from"], mail["reason"], mail["ticket"]) == ("waiting", None, None, None)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param({}, False, id="nothing changed since"),
        pytest.param({"updated_at": 1}, True, id="the request was touched"),
        pytest.param({"event_at": 1}, True, id="something happened to it, such as a bounce"),
    ],
)
def test_since_leaves_out_requests_that_did_not_change(
    session: Session, now: datetime, changes: dict[str, int], kept: bool
) -> None:
    laura = factories.make_user(session)
    topic = factories.make_topic(session)
    ticket = factories.make_ticket(
        session, laura, topic, updated_at=now + DAY * changes.get("updated_at", -1)
    )
    at = now + DAY * changes.get("event_at", -1)
    session.add(Event(ticket_id=ticket.id, kind=EventKind.BOUNCED, at=at))
    session.commit()
    types = [line["type"] for line in export(session, since=now)]
    assert types == ["user", "topic", *(["ticket"] if kept else [])]


@pytest.mark.parametrize(
    ("received", "settled", "kept"),
    [
        pytest.param(-1, None, False, id="came before and still waits"),
        pytest.param(-2, -1, False, id="came and was settled before"),
        pytest.param(-1, 1, True, id="came before and was settled after"),
        pytest.param(1, None, True, id="came after"),
    ],
)
def test_since_leaves_out_mail_in_that_did_not_change(
    session: Session, now: datetime, received: int, settled: int | None, kept: bool
) -> None:
    make_blob(session, now)
    done = {"outcome": Outcome.HELD, "settled_at": now + DAY * settled} if settled is not None else {}
    make_entry(session, now + DAY * received, **done)
    session.commit()
    assert [line["type"] for line in export(session, since=now)] == (["mail_in"] if kept else [])


@pytest.mark.parametrize(
    ("state", "sent", "kept"),
    [
        pytest.param(OutboxState.SENT, -1, False, id="sent before"),
        pytest.param(OutboxState.SENT, 1, True, id="sent after"),
        pytest.param(OutboxState.DEFERRED, None, True, id="still on its way"),
        pytest.param(OutboxState.FAILED, None, True, id="failed, nobody knows when"),
    ],
)
def test_since_leaves_out_mail_out_that_did_not_change(
    session: Session, now: datetime, state: OutboxState, sent: int | None, kept: bool
) -> None:
    laura = factories.make_user(session)
    sent_at = now + DAY * sent if sent is not None else None
    make_item(session, laura, now - 2 * DAY, state=state, sent_at=sent_at)
    session.commit()
    types = [line["type"] for line in export(session, since=now)]
    assert types == ["user", *(["mail_out"] if kept else [])]


def test_the_number_of_queries_does_not_grow_with_the_requests(session: Session, now: datetime) -> None:
    laura = factories.make_user(session)
    topic = factories.make_topic(session)
    counts = []
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    for _ in range(2):
        for _ in range(10):
            factories.make_ticket(session, laura, topic)
        session.commit()
        statements.clear()
        list(export(session))
        session.commit()
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(None, None, id="unknown"),
        pytest.param("2026-05-11T17:48:00.123456-03:00", "2026-05-11T20:48:00.123456Z", id="local to UTC"),
        pytest.param("2026-05-11T20:48:00+00:00", "2026-05-11T20:48:00.000000Z", id="always as long"),
    ],
)
def test_utc(moment: str | None, expected: str | None) -> None:
    assert utc(datetime.fromisoformat(moment) if moment else None) == expected
