"""One small office: two clients, two operators with a topic each, an administrator, one request."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from gateway import tokens
from gateway.mail.html import CLEANER_VERSION
from gateway.models.people import User
from gateway.models.queues import Door, JournalEntry, OutboxItem, OutboxState, Purpose
from gateway.models.tickets import Attachment, Event, Message, Ticket
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel, EventKind, MessageKind, Status
from gateway.rules.people import Party, Role
from gateway.services import blobs
from tests.conftest import NOW
from tests.factories import make_company, make_operator, make_ticket, make_topic, make_user
from tests.webui.conftest import with_password

CANARY = "canario interno"
RAW = b"From: laura.gimenez@andina.example\r\nSubject: x\r\n\r\nHola\r\n"


@dataclass(frozen=True, slots=True)
class Scene:
    """Ids of what the tests ask for."""

    ticket: int
    other_ticket: int
    public_file: str
    internal_file: str
    client_message: int
    internal_message: int
    topic: int
    operator: int
    client: int
    company: int


def make_scene(session: Session) -> Scene:
    company = make_company(session)
    laura = make_user(session, **with_password(company_id=company.id))
    diego = make_user(session, "diego@albornoz.example", **with_password(name="Diego Albornoz"))
    martin = make_operator(session, **with_password())
    carla = make_operator(session, "carla.nunez@sysmo.example", **with_password(name="Carla Núñez"))
    make_operator(session, "admin@sysmo.example", **with_password(name="Ada Admin", role=Role.ADMIN))
    billing, access = make_topic(session, "Facturación", martin), make_topic(session, "Accesos", carla)
    ticket = make_ticket(session, laura, billing, status=Status.IN_PROGRESS, assignee_id=martin.id)
    other = make_ticket(session, diego, access, subject="Alta de usuario")
    first = add_message(
        session,
        ticket,
        laura,
        "Desde ayer no podemos emitir facturas A.\n\nGracias,\nLaura",
        entry=True,
        html="<p>Desde ayer no podemos emitir facturas A.</p>",
        html_version=CLEANER_VERSION,
    )
    note = add_message(
        session, ticket, martin, f"@Carla, {CANARY}: ¿tenés el último número?", kind=MessageKind.INTERNAL
    )
    reply = add_message(session, ticket, martin, "Hola, Laura. Ya lo vimos.", quoted=f"> {CANARY} citado")
    add_message(session, other, diego, "El lunes empieza Romina.")
    _history(session, ticket, martin, reply)
    return Scene(
        ticket=ticket.id,
        other_ticket=other.id,
        public_file=attach(session, first, "captura <b>.png", "image/png"),
        internal_file=attach(session, note, f"{CANARY}.txt", "text/html"),
        client_message=first.id,
        internal_message=note.id,
        topic=billing.id,
        operator=martin.id,
        client=laura.id,
        company=company.id,
    )


def add_message(
    session: Session, ticket: Ticket, author: User, text: str, *, entry: bool = False, **values: object
) -> Message:
    ticket.messages += 1
    at = ticket.created_at + timedelta(minutes=ticket.messages)
    journal = _journal(session) if entry else None
    message = Message(
        **{
            "ticket_id": ticket.id,
            "number": ticket.messages,
            "author_id": author.id,
            "party": Party.CLIENT if author.role is Role.CLIENT else Party.OPERATOR,
            "channel": Channel.EMAIL,
            "text": text,
            "journal_id": journal,
            "created_at": at,
        }
        | values
    )
    ticket.updated_at = at
    session.add(message)
    session.flush()
    return message


def _history(session: Session, ticket: Ticket, operator: User, reply: Message) -> None:
    session.add(Event(ticket_id=ticket.id, kind=EventKind.TAKEN, actor_id=operator.id, at=reply.created_at))
    add_delivery(session, ticket, operator, reply, state=OutboxState.SENT, sent_at=NOW)


def add_delivery(
    session: Session, ticket: Ticket, operator: User, answer: Message, **values: object
) -> OutboxItem:
    """The mail with an operator's answer."""
    replied = Event(
        ticket_id=ticket.id,
        kind=EventKind.REPLIED,
        actor_id=operator.id,
        message_id=answer.id,
        at=answer.created_at,
    )
    session.add(replied)
    session.flush()
    item = OutboxItem(
        **{
            "ticket_id": ticket.id,
            "event_id": replied.id,
            "recipient": "laura.gimenez@andina.example",
            "purpose": Purpose.REPLY,
            "resend": True,
            "message_id": f"<{replied.id}@sysmo.example>",
            "head": b"",
            "created_at": NOW,
        }
        | values
    )
    session.add(item)
    session.flush()
    return item


def _journal(session: Session) -> int:
    content = blobs.content_of(RAW)
    blobs.keep(session, [content], now=NOW)
    entry = JournalEntry(
        door=Door.SMTP,
        received_at=NOW,
        sha256=content.sha256,
        size=content.size,
        outcome="opened",
        reason="new",
        settled_at=NOW,
    )
    session.add(entry)
    session.flush()
    return entry.id


def attach(session: Session, message: Message, filename: str, content_type: str) -> str:
    content = blobs.content_of(filename.encode())
    blobs.keep(session, [content], now=NOW)
    file = Attachment(
        id=tokens.new_token(),
        message_id=message.id,
        position=0,
        filename=filename,
        content_type=content_type,
        size=content.size,
        sha256=content.sha256,
    )
    session.add(file)
    session.flush()
    return file.id


__all__ = ["CANARY", "RAW", "Scene", "Topic", "add_delivery", "add_message", "attach", "make_scene"]
