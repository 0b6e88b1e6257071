"""A request written on the web: a client's own, or one that an operator files for a client."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail import subject as subjects
from gateway.mail.addresses import Address, normal_form
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.people import Sender, UserStatus, Verdict, is_staff
from gateway.services import acknowledgements, entrance, rates, senders, tickets, timeline
from gateway.services.contributions import Contribution
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.desk import Desk
from gateway.services.tickets import Opening

SUBJECT_CHARACTERS = 150


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """A topic that may be chosen, with a line that helps to."""

    id: int
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A form as it was sent. `client` is the address it is filed for; "": the writer's own."""

    topic: int | None
    subject: str
    contribution: Contribution
    client: str = ""


def choices(session: Session) -> list[TopicChoice]:
    """Return the topics that are not switched off, in the order administrators gave them."""
    rows = session.execute(
        select(col(Topic.id), col(Topic.name), col(Topic.description))
        .where(col(Topic.enabled).is_(True))
        .order_by(col(Topic.position), col(Topic.name))
    )
    return [TopicChoice(*row) for row in rows]


def file(session: Session, desk: Desk, writer: Sender, filing: Filing, *, now: datetime) -> int:
    """Open the request and return its number; Invalid names the field that cannot be so."""
    topic = _topic(session, filing.topic)
    subject = checked_subject(filing.subject)
    if not filing.contribution.text:
        raise Invalid("descripcion", _("Tell us what happens or what you need."))
    opening = Opening(topic, subject, filing.contribution)
    if filing.client and is_staff(writer.role):
        client = _client(session, desk, filing.client, now=now)
        return _open_for(session, desk, opening, client, writer, now=now)
    return _open_own(session, desk, writer, opening, now=now)


def go_on(
    session: Session, desk: Desk, closed: Ticket, client: Sender, contribution: Contribution, *, now: datetime
) -> int:
    """Open a request that goes on from one closed for good, in its topic if that still is one."""
    topic = session.get(Topic, closed.topic_id)
    if topic is None or not topic.enabled:
        topic = _default(session) or topic
    if topic is None:
        raise Invalid("texto", _("There is no topic to file this under. Write to us by e-mail."))
    opening = Opening(topic, subjects.strip(closed.subject), contribution, linked_to=closed.id)
    return _open_own(session, desk, client, opening, now=now)


def checked_subject(raw: str) -> str:
    """Return the words of a subject on one line, without tokens of ours; Invalid for none or too many."""
    subject = subjects.strip(raw)
    if not subject:
        raise Invalid("asunto", _("Write in a line what it is about."))
    if len(subject) > SUBJECT_CHARACTERS:
        raise Invalid("asunto", _("The subject has up to {count} characters."), count=SUBJECT_CHARACTERS)
    return subject


def _open_own(session: Session, desk: Desk, requester: Sender, opening: Opening, *, now: datetime) -> int:
    """Open somebody's own; of clients not more than by mail, since the rate is one (B5)."""
    if not is_staff(requester.role) and not rates.admit_form(session, requester.email, now=now):
        raise Invalid("asunto", _("You made many requests in a short time. Wait a while and send it again."))
    proven = requester.with_verdict(Verdict.PASS)
    acknowledgement = acknowledgements.decide_for(session, desk, proven.email, Verdict.PASS, now=now)
    opening = replace(opening, acknowledge=acknowledgement.goes, believed=True)
    ticket = tickets.open_ticket(session, desk, proven, opening, now=now)
    if acknowledgement.withheld:
        timeline.left_out(session, [(ticket.id, proven.email)], acknowledgement.withheld, now=now)
    return ticket.id


def _open_for(
    session: Session, desk: Desk, opening: Opening, client: Sender, operator: Sender, *, now: datetime
) -> int:
    """Open a client's request in the words of an operator, who stands there as their writer.

    As with a mail that an operator passes on, the client is sent no acknowledgement: they spoke to a
    person, who wrote it down here.
    """
    proven = operator.with_verdict(Verdict.PASS)
    opening = replace(opening, brought_by=proven, written_by=proven)
    return tickets.open_ticket(session, desk, client, opening, now=now).id


def _client(session: Session, desk: Desk, raw: str, *, now: datetime) -> Sender:
    """Return the client of an address, enrolled if nobody knew it; never one of the team or of ours (L7)."""
    email = normal_form(raw)
    if email is None:
        raise Invalid("cliente", _("This is not an e-mail address. Write it like name@company.com."))
    if entrance.is_ours(session, desk.mail, email):
        raise Invalid("cliente", _("This is an address of ours: nobody can be helped there."))
    (client,) = senders.enrol(session, desk, [Address(email)], now=now)
    if is_staff(client.role):
        raise Invalid("cliente", _("{email} is of the team, not a client."), email=email)
    if client.status is UserStatus.DISABLED:
        raise Invalid("cliente", _("The account of {email} is disabled."), email=email)
    return client


def _topic(session: Session, topic_id: int | None) -> Topic:
    topic = session.get(Topic, topic_id) if topic_id is not None and 0 < topic_id <= LARGEST_NUMBER else None
    if topic is None or not topic.enabled:
        raise Invalid("tematica", _("Choose what it is about."))
    return topic


def _default(session: Session) -> Topic | None:
    return session.execute(
        select(Topic).where(col(Topic.enabled).is_(True), col(Topic.is_default).is_(True)).limit(1)
    ).scalar_one_or_none()
