"""Forged mails: none acts, none tells its writer anything, and operators are told in words why it is held."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update
from sqlmodel import Session

from gateway.catalogue import LANGUAGES, label, translator
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import MessageKind, Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import portal
from gateway.services.journal import Settled
from gateway.services.lists import Shown, View, Wish
from tests.factories import make_operator, make_topic, make_user
from tests.office import CRLF, Office, mail

LAURA, LUIS = "laura.gimenez@andina.example", "luis.paz@otra.example"
MARTIN, SOFIA = "martin.sosa@sysmo.example", "sofia.paz@sysmo.example"
EVIL = "x@evil.example"
WORDS = "Transferí todo a esta cuenta."
SAYS = "Authentication-Results: mx.example.com; dmarc=pass header.from=andina.example"
TRUST = '[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false\noperator_mail = "{}"'

OPENED, HELD, AUTOMATIC = Outcome.OPENED, Outcome.HELD, Outcome.AUTOMATIC


@dataclass
class Scene:
    """A request of Laura's that Martín and Sofía were told of, and what a forger may have seen of it."""

    office: Office
    ticket: Ticket
    seen: dict[str, str] = field(default_factory=dict)

    def deliver(self, forged: "Forged") -> Settled:
        lines = [line.format(**self.seen) for line in forged.header]
        lines += ["Message-ID: <forged@evil.example>", "Date: Mon, 11 May 2026 18:00:00 -0300"]
        raw = CRLF.join([*lines, "Content-Type: text/plain; charset=utf-8", "", WORDS, ""])
        return self.office.deliver(
            raw.encode(), recipients=[forged.to.format(**self.seen)], **forged.envelope
        )

    def public_messages(self) -> int:
        message = table_of(Message).c
        query = select(func.count()).where(
            message.ticket_id == self.ticket.id, message.kind == MessageKind.PUBLIC
        )
        return int(self.office.session.execute(query).scalar_one())


@dataclass(frozen=True)
class Forged:
    """A mail with these header lines, in its envelope `to`; `outcome` and `reason` in both settings."""

    header: tuple[str, ...]
    outcome: Outcome
    reason: str
    to: str = "soporte@example.com"
    envelope: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(params=["token", "verified"], ids=lambda mode: f"operator_mail = {mode}")
def scene(
    request: pytest.FixtureRequest,
    session: Session,
    make_runtime: Callable[..., Runtime],
    now: datetime,
) -> Scene:
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    make_user(session, LUIS, name="Luis Paz")
    make_topic(session, "Facturación", martin, sofia, is_default=True)
    office = Office(make_runtime(TRUST.format(request.param)), session, now)
    done = office.deliver(mail(), recipients=["soporte@example.com"])
    ticket = session.get(Ticket, done.ticket_id)
    assert ticket is not None
    sent = {each["X-Envelope-To"]: each for each in office.out()}
    token = {
        who: _token(sent[address])
        for who, address in [("martin", MARTIN), ("sofia", SOFIA), ("laura", LAURA)]
    }
    code = office.desk.code(ticket.id)
    seen = {"n": str(ticket.id), "code": code, "MARTIN": token["martin"].upper(), "cut": token["martin"][:-1]}
    return Scene(office, ticket, token | seen)


def _token(notice: EmailMessage) -> str:
    return str(notice["Message-ID"]).strip("<>").partition("@")[0]


def line(address: str, name: str = "From") -> str:
    return f"{name}: {address}"


CODE = "Subject: Re: No puedo emitir facturas A [#{n}-{code}]"
NUMBER = "Subject: Re: No puedo emitir facturas A [#{n}]"
PLAIN = "Subject: Hola"
TO_MARTIN, TO_SOFIA, TO_LAURA = (f"soporte+{{{who}}}@example.com" for who in ("martin", "sofia", "laura"))
ANSWER_MARTIN = "In-Reply-To: <{martin}@example.com>"


def held(reason: str, *header: str, **more: Any) -> Forged:
    return Forged(header, HELD, reason, **more)


def opened(*header: str, **more: Any) -> Forged:
    return Forged(header, OPENED, "new", **more)


FORGED = [
    # An operator's address
    pytest.param(
        held("operator-without-token", line(MARTIN), CODE), id="an operator's address with the code"
    ),
    pytest.param(opened(line(MARTIN), NUMBER), id="an operator's address with a bare number"),
    pytest.param(opened(line(MARTIN), PLAIN), id="an operator's address and nothing else"),
    pytest.param(
        held("operator-without-token", line(MARTIN), CODE, to=TO_SOFIA),
        id="an operator's address with another operator's token",
    ),
    pytest.param(
        held("operator-without-token", line(MARTIN), CODE, to=TO_LAURA),
        id="an operator's address with the client's token",
    ),
    pytest.param(
        held("operator-without-token", line(MARTIN), PLAIN, "In-Reply-To: <{laura}@example.com>"),
        id="an operator's address answering the client's mail",
    ),
    pytest.param(
        held("operator-without-token", line(MARTIN), CODE, to="soporte+{cut}@example.com"),
        id="an operator's address with their token cut short",
    ),
    pytest.param(
        held("operator-through-list", line(MARTIN), "List-Id: <equipo.sysmo.example>", CODE, to=TO_MARTIN),
        id="an operator's token through a list",
    ),
    # Whose mail is it?
    pytest.param(held("several-senders", line(MARTIN), line(EVIL), CODE, to=TO_MARTIN), id="two From fields"),
    pytest.param(
        held("several-senders", line(EVIL), line(MARTIN), CODE, to=TO_MARTIN),
        id="two From fields, the operator's second",
    ),
    pytest.param(
        held("several-senders", line(f"{MARTIN}, {EVIL}"), CODE, to=TO_MARTIN), id="two mailboxes in From"
    ),
    pytest.param(
        held("several-senders", line(LAURA), line(EVIL), CODE), id="a client and a stranger in From"
    ),
    pytest.param(
        held("stranger", line(f'"{MARTIN}" <{EVIL}>'), CODE, to=TO_MARTIN),
        id="an operator's address as a name",
    ),
    pytest.param(
        held(
            "stranger",
            line(f"=?utf-8?q?Mart=C3=ADn_=3Cmartin.sosa=40sysmo.example=3E?= <{EVIL}>"),
            CODE,
            to=TO_MARTIN,
        ),
        id="an operator's address as an encoded name",
    ),
    pytest.param(
        held("stranger", line(f"{EVIL} ({MARTIN})"), CODE, to=TO_MARTIN),
        id="an operator's address as a comment",
    ),
    pytest.param(
        held(
            "stranger",
            line(EVIL),
            *(
                line(MARTIN, name)
                for name in ("Reply-To", "Sender", "Resent-From", "Resent-Sender", "X-Sender")
            ),
            CODE,
            to=TO_MARTIN,
            envelope={"sender": MARTIN},
        ),
        id="Reply-To, Sender, Resent-From and envelope of an operator",
    ),
    pytest.param(
        held(
            "stranger",
            line(EVIL),
            *(line(LAURA, name) for name in ("Reply-To", "Sender", "Resent-From")),
            CODE,
        ),
        id="Reply-To, Sender and Resent-From of a participant",
    ),
    # Addresses that look alike
    pytest.param(
        held("stranger", line("martin.sosa@sysm\u043e.example"), CODE, to=TO_MARTIN),
        id="a letter that looks alike",
    ),
    pytest.param(
        held("stranger", line("m\u0430rtin.sosa@sysmo.example"), CODE, to=TO_MARTIN),
        id="a letter that looks alike in front of the @",
    ),
    pytest.param(
        held("stranger", line("martin.sosa+x@sysmo.example"), CODE, to=TO_MARTIN), id="a plus behind the name"
    ),
    pytest.param(held("stranger", line("martinsosa@sysmo.example"), CODE, to=TO_MARTIN), id="a dot left out"),
    pytest.param(
        held("stranger", line("martin.sosa@sysmo.example.evil.example"), CODE, to=TO_MARTIN),
        id="a longer domain",
    ),
    # A client's address, and strangers
    pytest.param(
        held("others-token", line(LAURA), CODE, to=TO_MARTIN), id="a participant with an operator's token"
    ),
    pytest.param(opened(line(LAURA), NUMBER), id="a participant with a bare number"),
    pytest.param(
        opened(line(LAURA), PLAIN, "In-Reply-To: <uno@andina.example>"),
        id="a participant with a known Message-ID",
    ),
    pytest.param(held("stranger", line(LUIS), CODE), id="another client with the code"),
    pytest.param(
        held("stranger", line(LUIS), PLAIN, to=TO_LAURA), id="another client with the client's token"
    ),
    pytest.param(held("stranger", line(EVIL), PLAIN, to=TO_MARTIN), id="a stranger with an operator's token"),
    pytest.param(
        held("stranger", line(EVIL), PLAIN, to="SOPORTE+{MARTIN}@EXAMPLE.COM"),
        id="a stranger with a token in capitals",
    ),
    pytest.param(opened(line(EVIL), NUMBER), id="a stranger with a bare number"),
    pytest.param(
        opened(line(EVIL), PLAIN, "References: <uno@andina.example>"), id="a stranger with a known Message-ID"
    ),
    pytest.param(opened(line(EVIL), "Subject: [#{n}-aaaa]"), id="a stranger with a wrong code"),
    # What our border would say. A participant who is believed needs no more than a number.
    pytest.param(
        opened(SAYS, line(LAURA), NUMBER, envelope={"listed_peer": False}),
        id="a forged result, straight to us",
    ),
    pytest.param(
        opened(
            "Authentication-Results: mx.example.com; dmarc=none header.from=andina.example",
            "Received: from evil.example by mx.example.com; Mon, 11 May 2026 18:00:00 -0300",
            SAYS,
            line(LAURA),
            NUMBER,
        ),
        id="a forged result below ours",
    ),
    pytest.param(
        opened("Received: from pc.evil.example by evil.example; Mon, 11 May 2026", SAYS, line(LAURA), NUMBER),
        id="a forged result below somebody else's hop",
    ),
    pytest.param(
        opened(SAYS.replace("mx.", "mx2."), line(LAURA), NUMBER), id="a result of a server that is not ours"
    ),
    pytest.param(
        opened(SAYS.replace("mx.example.com", "(mx.example.com)\r\n evil.example"), line(LAURA), NUMBER),
        id="our name in a comment, folded",
    ),
    pytest.param(
        opened(SAYS.replace("mx.example.com", "MX.Example.COM.evil.example"), line(LAURA), NUMBER),
        id="a name that begins like ours, in another case",
    ),
    pytest.param(
        opened(SAYS.replace("andina.example", "evil.example"), line(LAURA), NUMBER),
        id="a result for another domain",
    ),
    pytest.param(
        opened(f"ARC-{SAYS.replace(': ', ': i=1; ')}", line(LAURA), NUMBER), id="a result in a chain of ARC"
    ),
    pytest.param(
        Forged(
            (SAYS.replace("=pass", "=fail (p=REJECT)"), line(LAURA), CODE),
            HELD,
            "sender-refused",
            to=TO_LAURA,
        ),
        id="a participant whose domain refuses it, with everything else right",
    ),
    # Mail no person wrote
    pytest.param(
        Forged((line(MARTIN), CODE), AUTOMATIC, "null-sender", to=TO_MARTIN, envelope={"sender": ""}),
        id="an operator's token from the null sender",
    ),
    pytest.param(
        Forged((line(MARTIN), "Auto-Submitted: auto-replied", CODE), AUTOMATIC, "auto-replied", to=TO_MARTIN),
        id="an operator's token in automatic mail",
    ),
    pytest.param(held("own-address", line("soporte@example.com"), CODE), id="our own address"),
    pytest.param(held("own-address", line(TO_MARTIN), CODE), id="a reply address of ours"),
]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_mail_does_nothing_and_tells_its_writer_nothing(scene: Scene, forged: Forged) -> None:
    done = scene.deliver(forged)
    assert (done.outcome, done.reason) == (forged.outcome, forged.reason)
    nothing_came_of_it(scene, done)


AFTERWARDS = [
    pytest.param(
        lambda session, _: session.execute(
            delete(TopicOperator).where(
                table_of(TopicOperator).c.user_id.in_(
                    select(table_of(User).c.id).where(table_of(User).c.email == MARTIN)
                )
            )
        ),
        "stranger",
        id="who no longer answers the topic",
    ),
    pytest.param(
        lambda session, _: session.execute(
            update(User).where(table_of(User).c.email == MARTIN).values(status=UserStatus.DISABLED)
        ),
        "disabled",
        id="whose account is disabled",
    ),
    pytest.param(
        lambda session, _: session.execute(
            update(User).where(table_of(User).c.email == MARTIN).values(role=Role.CLIENT)
        ),
        "stranger",
        id="who is an operator no more",
    ),
    pytest.param(
        lambda session, _: session.execute(
            update(User).where(table_of(User).c.email == MARTIN).values(status=UserStatus.UNCONFIRMED)
        ),
        "stranger",
        id="who has not confirmed their address",
    ),
    pytest.param(
        lambda session, scene: session.execute(
            update(Ticket)
            .where(table_of(Ticket).c.id == scene.ticket.id)
            .values(status=Status.CLOSED, closed_at=scene.office.now - timedelta(days=181))
        ),
        "operator-without-token",
        id="whose token is half a year older than the end",
    ),
]


@pytest.mark.parametrize(("change", "reason"), AFTERWARDS)
def test_what_an_operator_was_when_the_mail_came_counts_for_nothing(
    scene: Scene, change: Callable[[Session, Scene], object], reason: str
) -> None:
    """Between arrival and processing somebody may lose what they had."""
    raw = mail(
        sender=MARTIN,
        subject=CODE.format(**scene.seen).removeprefix("Subject: "),
        text=WORDS,
        message_id="forged@evil.example",
        in_reply_to=ANSWER_MARTIN.format(**scene.seen).removeprefix("In-Reply-To: "),
    )
    entry = scene.office.journal(raw, recipients=[TO_MARTIN.format(**scene.seen)])
    change(scene.office.session, scene)
    scene.office.session.expire_all()
    before = scene.ticket.status
    done = scene.office.apply(entry)
    assert (done.outcome, done.reason) == (HELD, reason)
    assert scene.ticket.status is before
    nothing_came_of_it(scene, done, status=before)


def nothing_came_of_it(scene: Scene, done: Settled, *, status: Status = Status.NEW) -> None:
    assert scene.public_messages() == 1
    assert (scene.ticket.status, scene.ticket.assignee_id) == (status, None)
    if done.outcome is HELD:
        for language in LANGUAGES:
            assert label(translator(language), "held", done.reason) != done.reason
    if done.outcome is OPENED:
        assert done.ticket_id != scene.ticket.id
    if done.reason == "sender-refused":
        assert done.ticket_id is None, "apart from any ticket"
    names_it = re.compile(
        rf"#{scene.ticket.id}\b|solicitud-{scene.ticket.id}-|solicitudes/{scene.ticket.id}\b"
    )
    for message in scene.office.out():
        told = message["X-Envelope-To"]
        if message["X-Purpose"] == "verify":  # asks the operator, who alone can say (T9)
            assert (done.reason, told) == ("operator-not-verified", MARTIN)
            continue
        if message["X-Purpose"] == "mistake":  # the token is theirs, and it is not their request any more
            assert (done.reason, told) == ("stranger", MARTIN)
            continue
        assert done.outcome is OPENED, "what is held or automatic is answered to nobody"
        if message["X-Purpose"] == "acknowledgement":
            assert WORDS not in message.as_string()
            assert not names_it.search(message.as_string()), "it tells a stranger that the request exists"
        else:
            assert told in {MARTIN, SOFIA}


def test_without_their_own_token_the_strict_setting_holds_nobody_more(scene: Scene) -> None:
    """The same mail, a token of one's own and no verdict: acts in one setting, is held in the other."""
    done = scene.deliver(held("", line(MARTIN), CODE, to=TO_MARTIN))
    strict = scene.office.desk.trust.operator_mail == "verified"
    assert done.outcome is (HELD if strict else Outcome.APPENDED)
    assert done.reason == ("operator-not-verified" if strict else "operator")
    if strict:
        (asked,) = scene.office.out()
        assert (asked["X-Envelope-To"], asked["X-Purpose"]) == (MARTIN, "verify")
        nothing_came_of_it(scene, done)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param((), id="written by nobody in particular"),
        pytest.param(("Auto-Submitted: auto-generated",), id="which says that it is automatic"),
    ],
)
def test_a_reply_address_collects_no_codes_of_other_services(scene: Scene, header: tuple[str, ...]) -> None:
    """C10: who signs up elsewhere with their reply address here does not get to read the answer."""
    service = held(
        "stranger", line("Cuentas <cuentas@banco.example>"), "Subject: Tu código", *header, to=TO_LAURA
    )
    done = scene.deliver(service)
    assert done.outcome is (AUTOMATIC if header else HELD)
    assert done.ticket_id == scene.ticket.id
    assert scene.office.out() == []
    session = scene.office.session
    person = session.execute(select(table_of(User)).where(table_of(User).c.email == LAURA)).one()
    laura = Sender(person.id, person.email, person.name, person.role, person.status)
    shown = portal.read(session, scene.ticket.id, laura, whole=True)
    assert WORDS not in str(shown)
    assert WORDS not in str(portal.requests(session, laura, Wish(View.MINE, Shown.ALL), zone=ZoneInfo("UTC")))


@pytest.mark.parametrize(
    ("senders", "reason"),
    [
        pytest.param([MARTIN], "forwarded", id="an operator"),
        pytest.param([MARTIN, EVIL], "new", id="an operator and somebody else"),
    ],
)
def test_of_two_in_from_neither_asks_for_a_client(scene: Scene, senders: list[str], reason: str) -> None:
    if scene.office.desk.trust.operator_mail == "verified":
        reason = "new"  # nobody asks for a client unless they are verified
    forward = [
        "---------- Forwarded message ---------",
        f"De: Luis Paz <{LUIS}>",
        "Date: lun, 11 may 2026 a las 10:00",
    ]
    forward += ["Subject: Baja", f"To: <{MARTIN}>", "", WORDS]
    raw = CRLF.join(
        [*map(line, senders), "Subject: Fwd: Baja", "Message-ID: <fw@evil.example>", "", *forward]
    )
    done = scene.office.deliver(raw.encode(), recipients=["soporte@example.com"])
    assert (done.outcome, done.reason) == (OPENED, reason)


FORM = "formulario@example.com"


def test_a_listed_web_form_opens_requests_and_does_no_more(
    session: Session, make_runtime: Callable[..., Runtime], now: datetime
) -> None:
    """Anybody may type any address into a form: an operator's, or a client's with the code of a request."""
    martin = make_operator(session)
    make_topic(session, "Facturación", martin, is_default=True)
    office = Office(make_runtime(TRUST.format("token") + f'\nform_senders = ["{FORM}"]'), session, now)
    said = b"Authentication-Results: mx.example.com; dmarc=pass header.from=example.com\r\n"
    done = office.deliver(
        said + mail(sender=FORM, reply_to=f"Laura <{LAURA}>", cc=LUIS, auto_submitted="auto-generated"),
        recipients=["soporte@example.com"],
    )
    ticket = session.get(Ticket, done.ticket_id)
    assert ticket is not None
    requester = session.get(User, ticket.requester_id)
    assert requester is not None
    assert (requester.email, requester.status) == (LAURA, UserStatus.PROVISIONAL)
    sent = {each["X-Envelope-To"]: each for each in office.out()}
    assert set(sent) == {MARTIN, LAURA}, "nobody in copy, and not the form"
    answer = mail(sender=FORM, reply_to=MARTIN, subject=sent[MARTIN]["Subject"], message_id="2@example.com")
    done = office.deliver(said + answer, recipients=[sent[LAURA]["Reply-To"]])
    assert (done.outcome, done.reason) == (HELD, "operator-without-token")


def test_operators_alone_are_told_where_a_mail_may_belong(scene: Scene) -> None:
    done = scene.deliver(opened(line(EVIL), NUMBER))
    detail = scene.office.session.execute(
        select(table_of(Event).c.detail).where(table_of(Event).c.ticket_id == done.ticket_id)
    ).scalar_one()
    assert detail == {"may_belong_to": scene.ticket.id}
