"""A helpdesk with its people, acted upon through the real services, and a model of who may see what.

The model knows nothing of how the program decides: it says what each writer meant, so whatever the
program makes of it must not show a word to more people than that.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from enum import StrEnum
from functools import partial
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select, update
from sqlmodel import Session

from gateway import tokens
from gateway.errors import Invalid, NotFound
from gateway.mail import leaks
from gateway.mail.leaks import Leak
from gateway.models.columns import table_of
from gateway.models.people import Token, User
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.rules.people import Party, Role, Sender, UserStatus, Verdict, is_staff
from gateway.runtime import Runtime
from gateway.services import books, downloads, held, histories, inboxes, overtaken, portal, writing
from gateway.services.blobs import content_of
from gateway.services.contributions import FiledAttachment
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.held import Acceptance
from gateway.services.inboxes import Shown, View, Wish
from gateway.services.journal import REPEAT_DAYS, Settled
from tests import canaries
from tests.canaries import Seen
from tests.factories import make_operator, make_topic, make_user
from tests.office import CRLF, Office, body

SETTINGS = '[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false\n'
SUPPORT, NETWORKS = "soporte@example.com", "redes@example.com"
LAURA, PEDRO = "laura@andina.example", "pedro@andina.example"
NADIA, MALLORY = "nadia@nueva.example", "mallory@ajena.example"
CLIENTS = (LAURA, PEDRO, NADIA)


CHECKED_EVERY = 20
"""Acts between two looks at all pages: what they show stays. Mail is searched as it leaves."""


class Style(StrEnum):
    """How a mail program puts an answer and what it answers together."""

    TOP = "top"
    BOTTOM = "bottom"
    INLINE = "inline"
    OUTLOOK = "outlook"
    GMAIL_HTML = "gmail-html"
    NO_QUOTE = "no-quote"


@dataclass
class Secret:
    """What a canary stands for."""

    what: str
    seen: Seen
    ticket: int | None = None
    readers: frozenset[str] = frozenset()
    writer: str = ""  # who takes part reads their own words again, on the web


@dataclass(frozen=True)
class Received:
    """A mail of ours in somebody's mailbox. `internal`: whoever answers it speaks to operators only."""

    to: str
    mail: EmailMessage
    ticket: int
    internal: bool


@dataclass
class History:
    """What happened so far, and what may be known of it."""

    runtime: Runtime
    session: Session
    office: Office = field(init=False)
    secrets: dict[int, Secret] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    taking_part: dict[int, set[str]] = field(default_factory=dict)
    delivered: list[tuple[bytes, str, datetime]] = field(default_factory=list)
    acts: int = 0
    sound: bool = True
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.office = Office(self.runtime, self.session, datetime.fromisoformat("2026-05-11T20:48:00+00:00"))
        self.martin = self._operator("martin", "Martín Sosa")
        self.sofia = self._operator("sofia", f"Sofía {self.hide('name of who only comments', Seen.STAFF)}")
        self.bruno = self._operator("bruno", "Bruno Díaz")
        self.ana = self._operator("ana", "Ana Ruiz", role=Role.ADMIN)
        self.operators = [each.email for each in (self.martin, self.sofia, self.bruno, self.ana)]
        self.billing = make_topic(
            self.session, "Facturación", self.martin, self.sofia, is_default=True, address=SUPPORT
        )
        self.networks = make_topic(self.session, "Redes", self.bruno, address=NETWORKS)
        make_user(self.session, LAURA)
        make_user(self.session, PEDRO, name="Pedro Paz")

    def _operator(self, local: str, name: str, **values: Role) -> User:
        hidden = self.hide(f"address of {local}", Seen.STAFF)
        return make_operator(self.session, f"{local}.{hidden}@interno.example", name=name, **values)

    # What is secret

    def hide(self, what: str, seen: Seen, ticket: int | None = None, readers: Iterable[str] = ()) -> str:
        """A fresh canary; the word to write."""
        number = next(self.numbers)
        self.secrets[number] = Secret(what, seen, ticket, frozenset(readers))
        return canaries.word(number)

    def allowed(self) -> dict[int, set[str]]:
        """The operators who may act on each ticket now."""
        ticket, user, serving = table_of(Ticket).c, table_of(User).c, table_of(TopicOperator).c
        serves = exists().where(serving.topic_id == ticket.topic_id, serving.user_id == user.id)
        pairs = select(ticket.id, user.email).where(
            user.status == UserStatus.ACTIVE,
            user.role.in_([Role.OPERATOR, Role.ADMIN]),
            (user.role == Role.ADMIN) | (user.id == ticket.assignee_id) | serves,
        )
        found: dict[int, set[str]] = defaultdict(set)
        for number, email in self.session.execute(pairs):
            found[number].add(email)
        return found

    def staff(self) -> set[str]:
        user = table_of(User).c
        roles = user.role.in_([Role.OPERATOR, Role.ADMIN])
        return set(self.session.execute(select(user.email).where(roles)).scalars())

    def sender(self, email: str, verdict: Verdict = Verdict.PASS) -> Sender:
        user = self.session.execute(select(User).where(User.email == email)).scalar_one()  # type: ignore[arg-type]
        return Sender(user.id, user.email, user.name, user.role, user.status, verdict)

    # What people do

    def deliver(
        self,
        raw: bytes,
        *,
        to: str,
        sender: str,
        meant: Callable[[Settled], None] = lambda done: None,
        answers_internal: bool = False,
    ) -> Settled:
        """A mail comes in; all that goes out because of it is searched."""
        self.delivered.append((raw, to, self.office.now))

        def act() -> Settled:
            done = self.office.deliver(raw, recipients=[to], sender=sender)
            meant(done)
            return done

        return self.watch(act, answers_internal=answers_internal)

    def deliver_again(self, which: int) -> None:
        """A mail comes a second time, by another door or after a lost 250: nothing happens (E1)."""
        recent = [each for each in self.delivered if self.office.now - each[2] <= REPEAT_DAYS]
        if not recent:
            return
        raw, to, _ = recent[which % len(recent)]
        known = len(self.received)
        done = self.watch(lambda: self.office.deliver(raw, recipients=[to]))
        assert done.outcome is Outcome.DUPLICATE
        assert len(self.received) == known

    def watch(self, act: Callable[[], Settled], *, answers_internal: bool = False) -> Settled:
        before, staff, self.sound = self.allowed(), self.staff(), False
        done = act()
        self._read_mail(before, staff, answers_internal=answers_internal)
        self.acts += 1
        if self.acts % CHECKED_EVERY == 0:
            self.check()
        self.sound = True
        return done

    def letter(
        self,
        sender: str,
        text: str,
        *,
        to: str = SUPPORT,
        subject: str = "No puedo emitir facturas A",
        answering: EmailMessage | None = None,
        style: Style = Style.TOP,
        verified: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
        cc: Sequence[str] = (),
        date: str | None = "Mon, 11 May 2026 17:48:00 -0300",
        **more: str,
    ) -> bytes:
        """A mail as a program writes it, with something private in every header that may hold it."""
        private = self.hide(f"header of a mail by {sender}", Seen.NOBODY)
        message = EmailMessage()
        if verified:
            domain = sender.rpartition("@")[2]
            message["Authentication-Results"] = f"mx.example.com; dmarc=pass header.from={domain}"
        message["Received"] = f"from {private}.lan by mx.example.com; Mon, 11 May 2026 17:48:00 -0300"
        message["X-Originating-IP"] = f"[10.0.0.1] {private}"
        own = self.hide(f"Message-ID of a mail by {sender}", Seen.NOBODY, readers=[sender])
        message["Message-ID"] = f"<{own}@{sender.rpartition('@')[2]}>"
        message["From"], message["To"] = sender, to
        for name, value in {"Cc": ", ".join(cc), "Date": date, **more}.items():
            if value:
                message[name.replace("_", "-")] = value
        for name in ("Organization", "X-Mailer", "User-Agent", "Thread-Topic", "Return-Path"):
            message[name] = f"<{private}@{private}.example>" if name == "Return-Path" else private
        message["Subject"] = subject
        if answering is not None:
            known = f"{answering['References'] or ''} {answering['Message-ID']}".split()
            message["In-Reply-To"], message["References"] = answering["Message-ID"], " ".join(known)
        _set_words(message, text, answering, style)
        for filename, content in files:
            message.add_attachment(content, "application", "octet-stream", filename=filename)
        return message.as_bytes(policy=message.policy.clone(linesep=CRLF))

    def files(
        self, what: str, seen: Seen, ticket: int | None, readers: Iterable[str] = ()
    ) -> list[tuple[str, bytes]]:
        """One attached file, its name and its bytes secret."""
        name, content = (self.hide(f"{part} of {what}", seen, ticket, readers) for part in ("name", "bytes"))
        return [(f"{name}.bin", b"\x00\xff" + content.encode() * 3)]

    def open(
        self, sender: str, *, to: str = SUPPORT, cc: Sequence[str] = (), verified: bool, **more: str | None
    ) -> Settled:
        """Somebody asks for help, with others in copy."""
        word = self.hide(f"first mail of {sender}", Seen.OPERATORS)
        first = max(self.secrets)
        files = self.files(f"the first mail of {sender}", Seen.OPERATORS, None)
        raw = self.letter(sender, f"{word} no anda.", to=to, cc=cc, verified=verified, files=files, **more)  # type: ignore[arg-type]
        joined = {sender, *cc} if verified else {sender}
        mine = range(first, first + 3)
        return self.deliver(raw, to=to, sender=sender, meant=lambda done: self.settle(done, joined, mine))

    def settle(self, done: Settled, joined: set[str], mine: Iterable[int], *, entitled: bool = True) -> None:
        """A client's words are on the web once they are on a ticket, and never before (C10)."""
        if done.outcome is Outcome.OPENED:
            assert done.ticket_id is not None
            self.taking_part[done.ticket_id] = joined
        if done.outcome is Outcome.OPENED or (done.outcome is Outcome.APPENDED and entitled):
            for number in mine:
                what = self.secrets[number].what
                writer = what.rpartition(" of ")[2]
                self.secrets[number] = Secret(what, Seen.PUBLISHED, done.ticket_id, writer=writer)

    def client_answers(
        self, received: Received, sender: str, *, verified: bool, style: Style, **more: str
    ) -> Settled:
        """Somebody who is no operator answers a mail of ours: their own, or one they got hold of."""
        word = self.hide(f"answer of {sender}", Seen.OPERATORS, received.ticket)
        first, to = max(self.secrets), received.mail["Reply-To"]
        files = self.files(f"the answer of {sender}", Seen.OPERATORS, received.ticket)
        raw = self.letter(
            sender,
            f"{word} sigue igual.",
            to=to,
            subject=_answered(received.mail["Subject"]),
            answering=received.mail,
            style=style,
            verified=verified,
            files=files,
            **more,  # type: ignore[arg-type]
        )
        mine = range(first, first + 3)
        entitled = sender == received.to and not received.internal
        return self.deliver(
            raw,
            to=to,
            sender=sender,
            meant=lambda done: self.settle(done, {sender}, mine, entitled=entitled),
        )

    def operator_answers(
        self,
        received: Received,
        *,
        sender: str | None = None,
        orders: Sequence[str] = (),
        mistaken: bool = False,
        style: Style = Style.TOP,
        verified: bool = False,
        attach: bool = True,
        **more: str,
    ) -> Settled:
        """An operator answers; what they write is for the client only if nothing speaks against it."""
        ticket, author = received.ticket, sender or received.to
        inside = received.internal or any(each.strip("# ").lower().startswith("inter") for each in orders)
        public = not inside and not mistaken
        seen = Seen.PUBLISHED if public else Seen.OPERATORS
        readers = self.taking_part[ticket] if public else set()
        word = self.hide(f"{'reply' if public else 'internal words'} of {author}", seen, ticket, readers)
        argument = self.hide("the argument of an order", Seen.OPERATORS, ticket)
        orders = [each.replace("{canary}", argument) for each in orders]
        files = self.files(f"mail of {author}", seen, ticket, readers) if attach else []
        raw = self.letter(
            author,
            "\n".join([*orders, f"{word} lo estamos viendo.", "Segunda línea."]),
            to=received.mail["Reply-To"],
            subject=_answered(received.mail["Subject"]),
            answering=received.mail,
            style=style,
            verified=verified,
            files=files,
            **more,  # type: ignore[arg-type]
        )
        return self.deliver(raw, to=received.mail["Reply-To"], sender=author, answers_internal=inside)

    def bounce(self, received: Received) -> Settled:
        """The mail server of a client sends back a reply of ours."""
        secret = self.hide("a server's report", Seen.OPERATORS, received.ticket)
        to = received.mail["X-Envelope-From"]
        raw = CRLF.join([
            "Return-Path: <>", "From: MAILER-DAEMON@mx.andina.example", f"To: {to}",
            "Subject: Undelivered Mail Returned to Sender", f"Message-ID: <{secret}@mx.andina.example>",
            "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "",
            "--b", "Content-Type: text/plain", "", f"{secret} could not be delivered.",
            "--b", "Content-Type: message/delivery-status", "",
            f"Reporting-MTA: dns; {secret}.example", "", f"Final-Recipient: rfc822; {received.to}",
            "Action: failed", "Status: 5.1.1", f"Diagnostic-Code: smtp; 550 5.1.1 {secret}", "",
            "--b--", "",
        ]).encode()  # fmt: skip
        done = self.deliver(raw, to=to, sender="")
        assert done.outcome is Outcome.BOUNCE
        return done

    def accept_all(self) -> None:
        """An administrator lets in all that is held."""
        query = select(JournalEntry.id).where(held.undecided())  # type: ignore[call-overload]
        for number in list(self.session.execute(query).scalars()):
            held.accept(
                self.session,
                self.office.desk,
                number,
                Acceptance(),
                by=self.sender(self.ana.email),
                now=self.office.now,
            )
            self.watch(partial(self.office.apply, number))

    def writes_on_the_web(self, ticket: int, author: str, *, internal: bool) -> None:
        """An operator writes on the page of a ticket, or its requester does."""
        writer = self.sender(author)
        party = Party.OPERATOR if author in self.allowed()[ticket] else Party.CLIENT
        seen = Seen.OPERATORS if internal else Seen.PUBLISHED
        readers = self.taking_part[ticket] if not internal and party is Party.OPERATOR else set()
        word = self.hide(f"words of {author} on the web", seen, ticket, readers)
        files = self.files(f"words of {author} on the web", seen, ticket, readers)
        draft = writing.Draft(
            text=f"{word} desde la página",
            files=tuple(
                FiledAttachment(name, "application/octet-stream", content_of(content))
                for name, content in files
            ),
            internal=internal,
            seen=overtaken.Seen(LARGEST_NUMBER, LARGEST_NUMBER),
        )

        def act() -> Settled:
            with suppress(Invalid):  # nobody would get it
                writing.write(self.session, self.office.desk, ticket, writer, draft, now=self.office.now)
            return Settled(Outcome.APPENDED, "web", ticket)

        self.watch(act)

    def change(self, email: str, **values: object) -> None:
        """An account changes."""
        self.session.execute(update(User).where(User.email == email).values(**values))  # type: ignore[arg-type]
        self.session.flush()
        self.session.expire_all()

    def serve(self, email: str, topic: Topic, *, serving: bool) -> None:
        """An operator joins or leaves a topic."""
        row = {"topic_id": topic.id, "user_id": self.sender(email).user_id}
        row_of = table_of(TopicOperator).c
        self.session.execute(
            delete(TopicOperator).where(row_of.topic_id == row["topic_id"], row_of.user_id == row["user_id"])
        )
        if serving:
            self.session.add(TopicOperator(**row))
        self.session.flush()
        self.session.expire_all()

    def pass_time(self, time: timedelta) -> None:
        self.office.now += time

    # What must hold

    def _read_mail(self, before: dict[int, set[str]], staff: set[str], *, answers_internal: bool) -> None:
        """Each mail that went out is searched whole, and lands in a mailbox."""
        staff, now = staff | self.staff(), self.allowed()
        for mail in self.office.out():
            to = str(mail["X-Envelope-To"])
            shown = canaries.everything_in(mail)
            for number in canaries.found_in(shown):
                secret = self.secrets[number]
                operators = before[secret.ticket or 0] | now[secret.ticket or 0]
                assert self._may_read(secret, to, operators, staff), (
                    f"{to} was mailed {secret}\n{mail['X-Purpose']}\n{body(mail)}"
                )
            self._check_form(mail, to, shown)
            ticket = self._ticket_of(mail)
            if ticket is not None:
                internal = mail["X-Purpose"] == "notice" and leaks.find([body(mail)], []) is Leak.MARKER
                internal |= mail["X-Purpose"] == "mistake" and answers_internal
                self.received.append(Received(to, mail, ticket, internal))

    def _may_read(self, secret: Secret, reader: str, operators: set[str], staff: set[str]) -> bool:
        match secret.seen:
            case Seen.NOBODY:
                return reader in secret.readers
            case Seen.STAFF:
                return reader in staff
            case Seen.OPERATORS:
                return reader in operators
            case Seen.PUBLISHED:
                return reader in operators or reader in secret.readers

    def _check_form(self, mail: EmailMessage, to: str, shown: str) -> None:
        """One recipient, only their own address and token (C8), nothing of the mail it came from (T13)."""
        assert mail.get_all("To") is not None
        assert [each.addr_spec for each in mail["To"].addresses] == [to]
        assert mail["Cc"] is None
        assert mail["Bcc"] is None
        hashes = {tokens.hash_token(each): each for each in leaks.tokens_in([shown])}
        token = table_of(Token).c
        owners = self.session.execute(select(token.user_id).where(token.hash.in_(list(hashes)))).scalars()
        assert set(owners) <= {self.sender(to).user_id}, f"a token of somebody else in a mail to {to}"

    def _ticket_of(self, mail: EmailMessage) -> int | None:
        token = table_of(Token).c
        written = mail["Message-ID"].strip("<>").partition("@")[0]
        found = self.session.execute(select(token.ticket_id).where(token.hash == tokens.hash_token(written)))
        return found.scalar()

    def check(self) -> None:
        """What holds at any moment: the books balance, and nobody reads more than they may."""
        assert list(books.differences(self.session)) == []
        user = table_of(User).c
        can_sign_in = select(user.email).where(user.status != UserStatus.DISABLED).order_by(user.id)
        for email in self.session.execute(can_sign_in).scalars():
            self._check_pages(self.sender(email))

    def _check_pages(self, reader: Sender) -> None:
        shown = [
            repr(portal.requests(self.session, reader, Wish(View.MINE, Shown.ALL), zone=ZoneInfo("UTC")))
        ]
        staff = is_staff(reader.role)
        pages = [portal.read, histories.read] if staff else [portal.read]
        for number in self.taking_part:
            shown += [_page(read, self.session, number, reader, whole=True) for read in pages]
        if staff:
            shown += [
                repr(inboxes.page(self.session, reader, Wish(view, Shown.ALL), zone=ZoneInfo("UTC")))
                for view in View
            ]
        requested = set(
            self.session.execute(
                select(Ticket.id).where(Ticket.requester_id == reader.user_id)  # type: ignore[call-overload]
            ).scalars()
        )
        answered = {number for number, people in self.allowed().items() if reader.email in people}
        for number in canaries.found_in("\n".join(shown)):
            self._check_shown(self.secrets[number], reader, requested, answered)
        for secret, file_id in self._attachments():
            if _page(downloads.attachment, self.session, self.runtime.blobs, file_id, reader):
                self._check_shown(secret, reader, requested, answered)

    def _check_shown(self, secret: Secret, reader: Sender, requested: set[int], answered: set[int]) -> None:
        if secret.seen is Seen.STAFF:
            allowed = is_staff(reader.role)
        else:
            own = secret.ticket in requested or reader.email in (*secret.readers, secret.writer)
            public = secret.seen is Seen.PUBLISHED and own
            allowed = public or (secret.seen is not Seen.NOBODY and secret.ticket in answered)
        assert allowed, f"{reader.email} is shown {secret}"

    def _attachments(self) -> list[tuple[Secret, str]]:
        file, message = table_of(Attachment).c, table_of(Message).c
        rows = self.session.execute(
            select(file.id, file.filename)
            .join(table_of(Message), message.id == file.message_id)
            .order_by(file.id)
        )
        return [(self.secrets[number], row.id) for row in rows for number in canaries.found_in(row.filename)]


def _page(read: Callable[..., object], *arguments: object, **options: object) -> str:
    """What somebody is shown; "" when they are told that there is nothing."""
    try:
        return repr(read(*arguments, **options))
    except NotFound:
        return ""


def _answered(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _set_words(message: EmailMessage, text: str, answering: EmailMessage | None, style: Style) -> None:
    if answering is None or style is Style.NO_QUOTE:
        message.set_content(text)
        return
    lines = body(answering).splitlines()
    marked = "\n".join("> " + line for line in lines)
    wrote = "El lun, 11 may 2026 a las 17:50, Soporte <soporte@example.com> escribió:"
    first, _, rest = text.partition("\n")
    match style:
        case Style.TOP:
            message.set_content(f"{text}\n\n{wrote}\n{marked}\n")
        case Style.BOTTOM:
            message.set_content(f"{wrote}\n{marked}\n\n{text}\n")
        case Style.INLINE:
            half = len(lines) // 2
            upper, lower = ("\n".join("> " + line for line in each) for each in (lines[:half], lines[half:]))
            message.set_content(f"{first}\n{rest}\n{wrote}\n{upper}\nVa entre líneas.\n{lower}\n")
        case Style.OUTLOOK:
            header = (
                "De: Soporte\nEnviado: lunes, 11 de mayo de 2026 17:50\nPara: alguien\nAsunto: RE: algo\n"
            )
            message.set_content(f"{text}\n\n{'_' * 32}\n{header}\n{body(answering)}\n")
        case Style.GMAIL_HTML:
            own, quoted = ("<br>".join(each.split("\n")) for each in (text, "\n".join(lines)))
            message.set_content(
                f'<div dir="ltr">{own}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
                f'{wrote.replace("<", "&lt;")}<br></div><blockquote class="gmail_quote" style="margin:0">'
                f"{quoted}</blockquote></div>",
                subtype="html",
            )
