"""No address of ours is ever a client, operator, participant, or whom we answer: each way tried (L7)."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway import tokens
from gateway.errors import Invalid, NotFound
from gateway.mail.addresses import normal_form
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import JournalEntry
from gateway.models.tickets import Event, Participant
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import accounts, held, topics
from gateway.services.held import Acceptance
from tests.factories import make_operator, make_topic, make_user
from tests.office import Office, answer, mail

CLIENT = "laura.gimenez@andina.example"
MARTIN = "martin.sosa@sysmo.example"
VERIFIED = "mx.example.com; dmarc=pass header.from=andina.example"
TOKEN = tokens.new_token()

OURS = [
    pytest.param("soporte@example.com", id="the house"),
    pytest.param("Facturas@Example.COM", id="a topic, in capitals"),
    pytest.param("ventas@xn--caf-dma.example", id="a topic of a foreign domain, as A-labels"),
    pytest.param("cerrada@example.com", id="a topic that is switched off"),
    pytest.param(f"soporte+{TOKEN}@example.com", id="a reply address"),
    pytest.param(f"SOPORTE+{TOKEN.upper()}@example.com", id="a reply address in capitals"),
    pytest.param(f"soporte+b-{TOKEN}@example.com", id="a bounce address"),
    pytest.param("soporte+cualquiera@example.com", id="what comes to the same mailbox"),
]
"""Written as a stranger might; the postmaster's is no person's either, and is automatic (L1)."""


@pytest.fixture
def office(session: Session, make_runtime: Callable[..., Runtime], now: datetime) -> Office:
    martin = make_operator(session)
    make_topic(session, "Facturación", martin, is_default=True, address="facturas@example.com")
    make_topic(session, "Ventas", address="ventas@xn--caf-dma.example")
    make_topic(session, "Cerrada", address="cerrada@example.com", enabled=False)
    return Office(make_runtime('[trust]\nauthserv_ids = ["mx.example.com"]'), session, now)


def people(office: Office) -> set[str]:
    return set(office.session.execute(select(table_of(User).c.email)).scalars())


def taking_part(office: Office) -> set[str]:
    person, part = table_of(User).c, table_of(Participant).c
    query = select(person.email).where(person.id.in_(select(part.user_id)))
    return set(office.session.execute(query).scalars())


@pytest.mark.parametrize("address", OURS)
def test_as_the_sender_of_a_mail(office: Office, address: str) -> None:
    done = office.deliver(mail(sender=address), recipients=["facturas@example.com"])
    assert (done.outcome, done.reason) == (Outcome.HELD, "own-address")
    assert people(office) == {MARTIN}
    assert office.out() == []
    with pytest.raises(Invalid):
        held.accept(office.session, office.desk, 1, Acceptance(as_new=True), by=None, now=office.now)


@pytest.mark.parametrize("address", OURS)
@pytest.mark.parametrize("field", ["to", "Cc"])
def test_as_a_recipient_beside_us(office: Office, address: str, field: str) -> None:
    values = {"to": "facturas@example.com"} | {field: f"Otro <{address}>, jorge@andina.example"}
    raw = mail(Authentication_Results=VERIFIED, **values)
    outcome = office.deliver(raw, recipients=["facturas@example.com"]).outcome
    if "+b-" in address:
        assert (outcome, people(office)) == (Outcome.HELD, {MARTIN}), "it may be a report on our mail (L12)"
        return
    assert outcome is Outcome.OPENED
    assert taking_part(office) == {CLIENT, "jorge@andina.example"}
    assert {each["X-Envelope-To"] for each in office.out()} <= {CLIENT, MARTIN, "jorge@andina.example"}


@pytest.mark.parametrize("address", OURS)
def test_as_whom_to_answer(office: Office, address: str) -> None:
    raw = mail(to="facturas@example.com", Reply_To=address, Sender=address, Return_Receipt_To=address)
    office.deliver(raw, recipients=["facturas@example.com"])
    assert {each["X-Envelope-To"] for each in office.out()} == {CLIENT, MARTIN}
    assert people(office) == {MARTIN, CLIENT}


@pytest.mark.parametrize("address", OURS)
def test_as_somebody_in_copy_of_a_later_mail(office: Office, address: str) -> None:
    office.deliver(mail(to="facturas@example.com"), recipients=["facturas@example.com"])
    acknowledgement = office.out_to(CLIENT)[0]
    raw = answer(acknowledgement, "Va con copia.", sender=CLIENT, message_id="2@andina.example", Cc=address)
    assert office.deliver(raw).outcome is Outcome.APPENDED
    event = table_of(Event).c
    proposed = office.session.execute(select(event.detail).where(event.kind == EventKind.PROPOSED))
    assert proposed.all() == []


@pytest.mark.parametrize("address", OURS)
@pytest.mark.parametrize("role", list(Role))
def test_as_an_account(office: Office, address: str, role: Role) -> None:
    with pytest.raises(Invalid):
        accounts.create_user(
            office.session, office.desk.mail, email=address, name="Ana", role=role, now=office.now
        )
    assert people(office) == {MARTIN}


@pytest.mark.parametrize("address", OURS)
def test_as_the_operator_of_a_topic_or_of_a_request(office: Office, address: str) -> None:
    with pytest.raises(NotFound):
        add_topic(office, "Nueva", operators=[address])
    office.deliver(mail(), recipients=["facturas@example.com"])
    command = f"#asignar {address}\n\nHola"
    done = office.deliver(answer(office.out_to(MARTIN)[0], command, sender=MARTIN))
    assert (done.outcome, done.reason) == (Outcome.HELD, "command-mistake")


@pytest.mark.parametrize("role", list(Role))
def test_a_persons_address_never_becomes_a_topics(office: Office, role: Role) -> None:
    make_user(office.session, "ana@example.com", role=role)
    with pytest.raises(Invalid):
        add_topic(office, "Nueva", address="Ana@Example.com")


def test_an_account_at_an_address_that_became_the_houses_is_not_heard(
    office: Office, make_runtime: Callable[..., Runtime]
) -> None:
    """The configuration may name any address; nobody asks it who has it."""
    changed = make_runtime(f'[mail]\naddress = "{MARTIN}"\nreply_address = ""')
    office = Office(changed, office.session, office.now)
    done = office.deliver(mail(sender=MARTIN), recipients=[MARTIN])
    assert (done.outcome, done.reason) == (Outcome.HELD, "own-address")


def test_who_was_held_takes_no_part_when_their_address_became_a_topics(office: Office) -> None:
    office.deliver(mail(to="facturas@example.com"), recipients=["facturas@example.com"])
    stranger = answer(office.out_to(CLIENT)[0], "¿Y?", sender="ana@example.com", message_id="3@example.com")
    assert office.deliver(stranger).reason == "stranger"
    add_topic(office, "Nueva", address="ana@example.com")
    entry = office.session.execute(
        select(table_of(JournalEntry).c.id).where(table_of(JournalEntry).c.outcome == Outcome.HELD)
    ).scalar_one()
    with pytest.raises(Invalid):
        held.accept(office.session, office.desk, entry, Acceptance(person=True), by=None, now=office.now)
    assert taking_part(office) == {CLIENT}


def add_topic(office: Office, name: str, **values: object) -> None:
    topics.add_topic(
        office.session,
        name,
        reply_address=office.desk.mail.reply_address,
        now=office.now,
        **values,  # type: ignore[arg-type]
    )


def test_the_addresses_tried_are_addresses() -> None:
    assert all(normal_form(str(each.values[0])) for each in OURS)
