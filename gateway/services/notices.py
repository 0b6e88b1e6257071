"""One mail in the making: its form, what it shows, the proof it carries → an outbox row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from gateway import tokens
from gateway.catalogue import label, translator
from gateway.mail import marker
from gateway.mail import subject as subjects
from gateway.mail.addresses import Address, bounce_address, tokened
from gateway.mail.compose import compose
from gateway.mail.notice import (
    AttachedRef,
    AuthorShown,
    Automatic,
    Notice,
    Template,
    TicketShown,
    Values,
    share_out,
)
from gateway.models.people import Token, TokenPurpose
from gateway.models.queues import OutboxState, Purpose
from gateway.models.tickets import Message
from gateway.rules.lifecycle import Channel, MessageKind, Status
from gateway.rules.people import UserStatus, is_staff
from gateway.services import outbox, timeline
from gateway.services.desk import Desk
from gateway.services.recipients import Circle, Person
from gateway.services.statements import add_all

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of mail goes out."""

    template: Template
    purpose: Purpose
    automatic: Automatic | None
    resend: bool


SILENT = "silence"
"""Why a mail was left out, as an event says it."""

REGISTER = "/registro"
NOTICES = "/cuenta#avisos-por-tematica"
"""Pages that our mails point at: to make an account; to choose what one is told of."""

_NOTICE = (Purpose.NOTICE, Automatic.GENERATED, True)
NEW_REQUEST = Form(Template.NEW_REQUEST, *_NOTICE)
CLIENT_MESSAGE = Form(Template.CLIENT_MESSAGE, *_NOTICE)
INTERNAL_COMMENT = Form(Template.INTERNAL_COMMENT, *_NOTICE)
ASSIGNED = Form(Template.ASSIGNED, *_NOTICE)
ACKNOWLEDGEMENT = Form(Template.ACKNOWLEDGEMENT, Purpose.ACKNOWLEDGEMENT, Automatic.REPLIED, False)
REPLY = Form(Template.OPERATOR_REPLY, Purpose.REPLY, None, True)
CLOSED = Form(Template.CLOSED, Purpose.CLOSED, Automatic.GENERATED, True)
MISSED = Form(Template.MISSED, Purpose.MISSED, Automatic.GENERATED, True)
WITHHELD = Form(Template.WITHHELD, Purpose.MISTAKE, Automatic.REPLIED, False)
UNDELIVERED = Form(Template.UNDELIVERED, Purpose.UNDELIVERED, Automatic.GENERATED, True)
VERIFY = Form(Template.VERIFY_ANSWER, Purpose.VERIFY, Automatic.REPLIED, True)
MISTAKE = Form(Template.COMMAND_MISTAKE, Purpose.MISTAKE, Automatic.REPLIED, False)
_OF_THE_TEAM = (ACKNOWLEDGEMENT, CLOSED, MISSED, MISTAKE, UNDELIVERED, VERIFY, WITHHELD)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in the making: to whom, on what, in which form."""

    desk: Desk
    circle: Circle
    to: Person
    form: Form
    now: datetime
    status: Status | None = None
    """What it says of the ticket; None: as the ticket is."""

    def values(self, **more: Any) -> Values:
        """What every mail on a ticket may show, and more."""
        ticket, desk = self.circle.ticket, self.desk
        url = desk.url(f"/solicitudes/{ticket.id}")
        can_sign_in = self.to.status is UserStatus.ACTIVE
        return Values(
            site=desk.site.name,
            support=desk.support,
            recipient="" if self.form.purpose is Purpose.NOTICE else self.to.name,
            ticket=TicketShown(
                number=ticket.id,
                subject=ticket.subject,
                token=f"[#{ticket.id}-{desk.code(ticket.id)}]",
                topic=self.circle.topic.name,
                status=self.status or ticket.status,
                created_at=ticket.created_at,
                requester=self.circle.name_of(ticket.requester_id),
                others=max(len(self.circle.participants) - 1, 0),
                assigned_to=self.circle.name_of(ticket.assignee_id),
                channel=ticket.channel,
                url=url if can_sign_in else "",
            ),
            mine=ticket.assignee_id == self.to.id,
            internal_url=f"{url}?tipo=interno#responder" if self.form.purpose is Purpose.NOTICE else "",
            reopen_days=desk.tickets.reopen_days,
            help_address=self.circle.topic.address or desk.mail.address,
            register_url=desk.url(REGISTER) if self._invites else "",
            notices_url=desk.url(NOTICES) if self.form.purpose is Purpose.NOTICE else "",
            **more,
        )

    @property
    def _invites(self) -> bool:
        """Whether an acknowledgement tells somebody without an account how to make one."""
        without = self.to.status in (UserStatus.PROVISIONAL, UserStatus.UNCONFIRMED)
        return self.form is ACKNOWLEDGEMENT and self.desk.registration and without

    def values_of(
        self, message: Message | None, writer: Person | None, *, claims_staff: bool = False, **more: Any
    ) -> Values:
        """The same with what was written. A client is shown a name and nothing else of who wrote (C8)."""
        shown = None
        if writer is not None and is_staff(self.to.role):
            by_mail = message is not None and message.channel is Channel.EMAIL
            shown = AuthorShown(
                name=writer.name,
                email=writer.email,
                company=writer.company,
                cuit=writer.cuit,
                verified=message.verified if message is not None and by_mail else None,
                claims_staff=claims_staff,
            )
        elif writer is not None:
            shown = AuthorShown(name=writer.name or self.desk.support)
        internal = message is not None and message.kind is MessageKind.INTERNAL
        values = self.values(
            author=shown,
            actor=writer.name if writer else "",
            text=message.text if message is not None else "",
            notes=_notes_on(message) if is_staff(self.to.role) else (),
            marker=marker.write(tokens.new_token()) if internal else "",
            **more,
        )
        if message is None or not is_staff(self.to.role) or values.ticket is None or not values.ticket.url:
            return values  # the id of a message counts internal ones: a client's link leads to the page (C1)
        leading = f"{values.ticket.url}?m={message.id}#m-{message.id}"
        return replace(values, ticket=replace(values.ticket, url=leading))

    def row(
        self,
        values: Values,
        *,
        references: tuple[str, ...],
        event_id: int | None,
        writer: Person | None = None,
        files: Sequence[AttachedRef] = (),
    ) -> dict[str, Any]:
        """The outbox row: composed, with a fresh person token in Reply-To and Message-ID."""
        desk, ticket, form = self.desk, self.circle.ticket, self.form
        token = tokens.new_token()
        root = desk.thread_root(ticket.id)
        attached, linked = share_out(files, desk.mail.attach_max_bytes)
        notice = Notice(
            template=form.template,
            language=self.to.language,
            sender=Address(self.circle.topic.address or desk.mail.address, self._name(writer)),
            reply_to=tokened(desk.mail.reply_address, token) or None,
            to=Address(self.to.email, self.to.name),
            subject=self._subject(first=not references and not values.moved),
            message_id=f"{token}@{desk.mail.message_id_domain}",
            in_reply_to=references[-1] if references else root,
            references=(root, *references),
            date=self.now,
            timezone=desk.site.timezone,
            automatic=form.automatic,
            loop=desk.loop,
            values=values,
            attached=attached,
            linked=linked,
        )
        row = outbox_row(desk, notice, form.purpose, resend=form.resend, user_id=self.to.id, now=self.now)
        return row | {
            "ticket_id": ticket.id,
            "event_id": event_id,
            "internal": form in (INTERNAL_COMMENT, VERIFY),
            "token": token,
            "silent": self._is_silent,
        }

    @property
    def _is_silent(self) -> bool:
        """Whether the recipient gets no automatic mail now; a person's words always go (L5, L10)."""
        until = self.to.silent_until
        return self.form.automatic is not None and until is not None and until > self.now

    def _subject(self, *, first: bool) -> str:
        """A thread has one subject; that an answer did not arrive is to be seen in a list of mails."""
        ticket, code = self.circle.ticket, self.desk.code(self.circle.ticket.id)
        if self.form is UNDELIVERED:
            told = label(translator(self.to.language), "delivery", OutboxState.FAILED)
            return subjects.write(f"{told}: {ticket.subject}", ticket.id, code)
        written = subjects.write if first and self.form is NEW_REQUEST else subjects.reply_subject
        return written(ticket.subject, ticket.id, code)

    def _name(self, writer: Person | None) -> str:
        """Who the From names: a client with their company, an operator with the team, else the team."""
        if writer is None or self.form in _OF_THE_TEAM:
            return self.desk.support
        aside = self.desk.support if is_staff(writer.role) else writer.company
        if not writer.name and not is_staff(self.to.role):
            return self.desk.support
        return f"{writer.shown} ({aside})" if aside else writer.shown


def outbox_row(
    desk: Desk, notice: Notice, purpose: Purpose, *, resend: bool, user_id: int | None, now: datetime
) -> dict[str, Any]:
    composed = compose(notice, desk.templates)
    if composed.fallback:
        log.error("mail.template_broken", template=notice.template, language=notice.language)
    return {
        "ticket_id": None,
        "event_id": None,
        "user_id": user_id,
        "recipient": notice.to.email,
        "purpose": purpose,
        "resend": resend,
        "internal": False,
        "message_id": notice.message_id,
        "envelope_from": "" if notice.automatic else desk.mail.address,
        "head": composed.head,
        "parts": [[part.header.decode("ascii"), part.sha256] for part in composed.parts],
        "tail": composed.tail,
        "state": OutboxState.QUEUED,
        "due_at": now,
        "attempts": 0,
        "fence": 0,
        "pauses": 0,
        "created_at": now,
    }


def store(session: Session, desk: Desk, rows: list[dict[str, Any]], *, now: datetime) -> None:
    """Insert rows of one ticket, and the tokens that prove the answers to them, which are stored hashed (T3).

    What is silent goes no further than a note on the ticket: every automatic mail on a ticket passes
    here. A person's words get a bounce address of their own as envelope sender, so that a report of
    their non-delivery is known again (L10).
    """
    going: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for row in rows:
        (left_out if row.pop("silent") else going).append(row)
    timeline.left_out(session, [(row["ticket_id"], row["recipient"]) for row in left_out], SILENT, now=now)
    proofs = []
    for row in going:
        token = row.pop("token")
        proofs.append(_token(row, token, TokenPurpose.REPLY, now=now))
        if row["envelope_from"] and desk.mail.reply_address:
            bounce = tokens.new_token()
            row["envelope_from"] = bounce_address(desk.mail.reply_address, bounce)
            proofs.append(_token(row, bounce, TokenPurpose.BOUNCE, now=now))
    outbox.queue(session, going)
    add_all(session, Token, proofs)


def _token(row: dict[str, Any], token: str, purpose: TokenPurpose, *, now: datetime) -> dict[str, Any]:
    return {
        "hash": tokens.hash_token(token),
        "purpose": purpose,
        "ticket_id": row["ticket_id"],
        "user_id": row["user_id"],
        "event_id": row["event_id"],
        "created_at": now,
    }


def _notes_on(message: Message | None) -> tuple[str, ...]:
    """What an operator has to know to make sense of a text that is short, or none."""
    if message is None:
        return ()
    return tuple(dict.fromkeys(["unreadable"] * message.unreadable + message.notes))
