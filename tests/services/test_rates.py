"""Requests an address or an unverified domain may open by mail, past which a mail is held (B5)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from gateway.models.queues import Door, JournalEntry
from gateway.rules.admission import Decision, Outcome
from gateway.rules.people import Verdict
from gateway.runtime import Runtime
from gateway.services import rates
from gateway.services.journal import Settled
from gateway.tokens import loop_mark
from tests.factories import make_topic
from tests.office import Office, mail

LAURA = "laura.gimenez@andina.example"
VERIFIED = "mx.example.com; dmarc=pass header.from=andina.example"


@pytest.fixture
def office(session: Session, make_runtime: Callable[..., Runtime], now: datetime) -> Office:
    make_topic(session, "Facturación", is_default=True)
    return Office(make_runtime('[trust]\nauthserv_ids = ["mx.example.com"]'), session, now)


def requests(office: Office, count: int, sender: str = LAURA, door: Door = Door.SMTP, **more: str) -> str:
    """Deliver as many new requests; return the first letter of each outcome, "o" or "h"."""
    outcomes = ""
    for _ in range(count):
        office.seen += 1
        unique = {"message_id": f"{office.seen}@x.example", "text": f"Consulta {office.seen}"}
        entry = office.journal(mail(sender=sender, **unique | more), door=door)
        done = office.apply(entry)
        assert done.reason == ("rate" if done.outcome is Outcome.HELD else "new")
        outcomes += done.outcome[0]
    return outcomes


@pytest.mark.parametrize("door", [Door.SMTP, Door.IMAP])
def test_twenty_an_hour_for_an_address(office: Office, door: Door) -> None:
    assert requests(office, 22, door=door) == "o" * 20 + "h" * 2
    assert requests(office, 1, "jorge@litoral.example", door=door) == "o"
    office.now += timedelta(hours=1)
    assert requests(office, 1, door=door) == "o"


def test_a_hundred_a_day_for_an_address_though_verified(office: Office) -> None:
    for _ in range(5):
        assert requests(office, 20, Authentication_Results=VERIFIED) == "o" * 20
        office.now += timedelta(hours=2)
    assert requests(office, 1, Authentication_Results=VERIFIED) == "h"
    office.now += timedelta(hours=14)
    assert requests(office, 1, Authentication_Results=VERIFIED) == "o"


def test_thirty_in_ten_minutes_for_a_domain_nobody_vouches_for(office: Office) -> None:
    senders = [f"cliente{number}@andina.example" for number in range(33)]
    assert "".join(requests(office, 1, each) for each in senders) == "o" * 30 + "h" * 3
    assert requests(office, 1, Authentication_Results=VERIFIED) == "o", "who is verified is let in"
    office.now += timedelta(minutes=10)
    assert requests(office, 1, senders[-1]) == "o"


def test_what_the_administrator_hands_in_is_neither_held_nor_counted(office: Office) -> None:
    assert requests(office, 40, door=Door.INGEST) == "o" * 40
    assert requests(office, 1) == "o"


def test_held_mail_that_somebody_decides_on_is_let_in(office: Office, session: Session) -> None:
    assert requests(office, 21) == "o" * 20 + "h"
    entry = session.get_one(JournalEntry, 21)
    session.refresh(entry)
    assert not rates.admit(session, entry, LAURA, Verdict.NONE, now=office.now)
    entry.decision = Decision.ACCEPT_AS_NEW
    assert rates.admit(session, entry, LAURA, Verdict.NONE, now=office.now)


def test_what_waits_in_the_journal_takes_room_too(office: Office, session: Session) -> None:
    for number in range(3):
        office.journal(mail(message_id=f"{number}@x.example", text=str(number)))
    office.seen = 10
    assert requests(office, 4, "jorge@andina.example", door=Door.IMAP) == "oooo"
    room = rates.room(session, {LAURA, "jorge@andina.example", "x@otra.example"}, now=office.now)
    assert room.addresses == {LAURA: 17, "jorge@andina.example": 16, "x@otra.example": 20}
    assert room.domains == {"andina.example": 26, "otra.example": 30}


def test_room_is_taken_until_none_is_left() -> None:
    room = rates.Room({LAURA: 3, "jorge@andina.example": 9}, {"andina.example": 2})
    assert [room.take(LAURA, vouched=vouched) for vouched in (False, True, False, True)] == [
        True, True, True, False,
    ]  # fmt: skip
    assert room.take("jorge@andina.example", vouched=True)
    assert not room.take("jorge@andina.example", vouched=False), "the domain has none left"


@pytest.mark.parametrize(
    ("header", "times", "expected"),
    [
        pytest.param("Received: by x", 100, (Outcome.OPENED, "new"), id="a hundred hops"),
        pytest.param("Received: by x", 101, (Outcome.HELD, "too-many-hops"), id="one more"),
        pytest.param("X-Sysmo-Loop: OURS", 2, (Outcome.AUTOMATIC, "own-loop"), id="two passes of ours"),
        pytest.param("X-Sysmo-Loop: OURS", 3, (Outcome.HELD, "too-many-hops"), id="three passes of ours"),
        pytest.param("X-Sysmo-Loop: example.com.forged", 9, (Outcome.OPENED, "new"), id="forged ones"),
    ],
)
@pytest.mark.parametrize("door", [Door.IMAP, Door.INGEST])
def test_mail_that_goes_in_circles_is_held_where_it_cannot_be_refused(
    office: Office, door: Door, header: str, times: int, expected: tuple[Outcome, str]
) -> None:
    """Invariant L8; the SMTP listener refuses it."""
    ours = loop_mark(office.runtime.secret, office.runtime.config.mail.message_id_domain)
    raw = (header.replace("OURS", ours) + "\r\n").encode() * times + mail()
    done: Settled = office.apply(office.journal(raw, door=door))
    assert (done.outcome, done.reason) == expected
