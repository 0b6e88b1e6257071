"""An operator passes a client's mail on → a request of that client's, which says who brought it."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from gateway.mail import marker
from gateway.mail import subject as subjects
from gateway.mail.automatic_signs import is_program
from gateway.mail.forwards import Forwarded
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party, Sender, UserStatus, Verdict
from gateway.services import entrance, senders, tickets
from gateway.services.contributions import FiledAttachment
from gateway.services.desk import Desk
from gateway.services.journal import Settled
from gateway.services.letters import Letter
from gateway.services.tickets import Opening

FORWARDED = "forwarded"
"""Note and verdict reason of what a client wrote and an operator passed on: nothing proves it."""

ATTACHED_MAIL = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Behalf:
    """A client's mail, and the operator who passed it on."""

    client: Sender
    operator: Sender
    mail: Forwarded


def on_behalf_of(
    session: Session, desk: Desk, letter: Letter, sender: Sender | None, *, now: datetime
) -> Behalf | None:
    """Return on whose behalf a mail asks, or None if it is the sender's own request.

    Only an operator asks for others, with a verdict of pass where operators need one. A mail of our
    own, of the team, of a program or of somebody disabled is no client's.
    """
    passed_on = letter.mail.forwarded
    if passed_on is None or sender is None or sender.party is not Party.OPERATOR:
        return None
    if marker.is_in(letter.mail.text) or marker.is_in(passed_on.text):
        return None  # a notice of an internal comment, whoever wrote the mail it quotes (C3)
    if letter.mail.sender is None:  # of several in From none is the one who wrote (T1)
        return None
    believed = sender.verdict is Verdict.PASS or desk.trust.operator_mail == "token"
    if sender.status is not UserStatus.ACTIVE or letter.mail.from_list or not believed:
        return None
    if is_program(passed_on.sender.email) or entrance.is_ours(session, desk.mail, passed_on.sender.email):
        return None
    (client,) = senders.enrol(session, desk, [passed_on.sender], now=now)
    if client.party is not Party.CLIENT or client.status is UserStatus.DISABLED:
        return None
    return Behalf(client, sender, passed_on)


def open_for_client(
    session: Session, desk: Desk, letter: Letter, behalf: Behalf, topic: Topic, *, now: datetime
) -> Settled:
    """Open the client's request with their words; what the operator wrote above them stays internal.

    The client is sent no acknowledgement: they wrote to a person, who brought it here. Commands need
    a person token, so none is obeyed (T8).
    """
    passed_on, contribution = behalf.mail, letter.contribution
    own, internal = _shared_out(letter)
    above = [passed_on.comment]
    if not passed_on.subject:  # then it is the operator's, and for the team (T11)
        above.insert(0, subjects.strip(letter.mail.subject))
    said = "\n\n".join(each for each in above if each)
    opening = Opening(
        topic=topic,
        subject=passed_on.subject,
        contribution=replace(
            contribution,
            text=passed_on.text,
            quoted="",
            html=passed_on.html,
            files=own,
            verdict_reason=FORWARDED,
            notes=(*contribution.notes, FORWARDED),
        ),
        brought_by=behalf.operator,
    )
    number = tickets.open_ticket(session, desk, behalf.client, opening, now=now).id
    if said or internal:
        comment = replace(
            contribution,
            text=said,
            quoted="",
            html="",
            files=internal,
            kind=MessageKind.INTERNAL,
        )
        ticket = session.get_one(Ticket, number)
        tickets.add_message(session, desk, ticket, behalf.operator, comment, party=Party.OPERATOR, now=now)
    return Settled(Outcome.OPENED, FORWARDED, number)


def _shared_out(letter: Letter) -> tuple[tuple[FiledAttachment, ...], tuple[FiledAttachment, ...]]:
    """Return the files that came with the client's mail, and those the operator added to it.

    A mail that was attached brought its own; beside it stands what the operator attached. It is opened,
    and is not theirs to see: its header tells the way to the operator's mailbox (T13). Of one that was
    typed in nobody can tell, and programs pass on the files of the mail.
    """
    files = letter.contribution.files
    attached = tuple(each for each in files if each.content_type == ATTACHED_MAIL)
    if not attached:
        return files, ()
    beside = tuple(each for each in files if each not in attached)
    is_read = bool(letter.passed_on) or bool(letter.mail.forwarded and letter.mail.forwarded.text.strip())
    return letter.passed_on, beside if is_read else files
