"""Mail that answers mail, on real processes, until nothing moves any more (invariants L1, L4, L5, L6).

Two installations send through one relay. The test is the rest of the Internet: it takes what the relay
got and does with it what the mailbox it is for would do. It goes on until there was nothing to take
twice in a row; the total is exact, so a repeat that differs is a failure.

On SQLite alone, to be quick: what counts and silences is tested on both in tests/services.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest

from gateway.db import Database
from gateway.rules.people import Role
from tests.factories import make_operator, make_topic
from tests.fakes_relay import Received, Relay, in_thread
from tests.office import answer, body, mail
from tests.processes import Installation, Letter, Process, deliver

ROUNDS = 60
ADMIN = "ana.ruiz@admin.example"
AUTOMATIC = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Sysmo-Loop")
THREAD = ("Message-ID", "In-Reply-To", "References")
"""What a careless program takes off a mail that it passes on."""

Mailbox = Callable[[EmailMessage, Received], Letter | None]
"""What becomes of a mail that reached somebody: nothing, or another mail."""


@dataclass
class Side:
    """A running installation."""

    installation: Installation
    process: Process
    domain: str
    topics: "itertools.count[int]" = field(default_factory=itertools.count)

    def topic(self, *operators: str) -> str:
        """Make a topic with operators of its own; return its address."""
        number = next(self.topics)
        address = f"tema{number}@{self.domain}"
        database = Database(self.installation.database_url, pool=2)
        with database.transaction() as session:
            serving = [make_operator(session, each, name=each.split("@")[0]) for each in operators]
            make_topic(session, f"Tema {number}", *serving, address=address, is_default=number == 0)
        database.close()
        return address


@dataclass
class World:
    """Two installations, the relay both send through, and the mailboxes of everybody else."""

    relay: Relay
    sides: tuple[Side, Side]
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    taken: int = 0
    log: list[str] = field(default_factory=list)
    careless: bool = False  # what is on its way between the two loses what says that it is automatic

    def post(self, letter: Letter) -> None:
        (side,) = [each for each in self.sides if letter.recipient.endswith("@" + each.domain)]
        assert deliver(letter, side.process.port("smtp")), letter.recipient

    def write(self, sender: str, to: str, **more: str) -> None:
        """Somebody writes a first mail."""
        self.post(Letter("", sender, to, mail(sender=sender, to=to, message_id=f"1.{sender}", **more)))

    def settle(self) -> int:
        """Carry mail until nothing moves any more; return how many mails were sent."""
        began, quiet = self.taken, 0
        for _ in range(ROUNDS):
            for side in self.sides:
                side.installation.drain_journal()
                side.installation.drain_outbox()
            found = self.relay.received[self.taken :]
            self.taken += len(found)
            for received in found:
                self._hand_over(received)
            quiet = 0 if found else quiet + 1
            if quiet == 2:
                print(f"mails sent: {self.taken - began}")
                return self.taken - began
        raise AssertionError("it never falls silent: " + ", ".join(self.log[-20:]))

    def _hand_over(self, received: Received) -> None:
        (recipient,) = received.recipients
        self.log.append(recipient)
        if any(recipient.endswith("@" + side.domain) for side in self.sides):
            self.post(self._on_the_way(received))
            return
        mailbox = self.mailboxes.get(recipient)
        message = BytesParser(policy=default).parsebytes(received.data)
        caused = mailbox(message, received) if mailbox is not None else None
        if caused is not None:
            self.post(caused)

    def _on_the_way(self, received: Received) -> Letter:
        (recipient,) = received.recipients
        if not self.careless:
            return Letter("", received.envelope_from, recipient, received.data)
        message = BytesParser(policy=default).parsebytes(received.data)
        for name in AUTOMATIC:
            del message[name]
        sender = message["From"].addresses[0].addr_spec
        return Letter("", sender, recipient, message.as_bytes(policy=message.policy.clone(linesep="\r\n")))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("loops")
    with (
        in_thread(Relay()) as relay,
        installed(folder / "a", relay, "example.com") as one,
        installed(folder / "b", relay, "otra.example") as other,
    ):
        yield World(relay, (one, other))


@contextmanager
def installed(folder: Path, relay: Relay, domain: str) -> Iterator[Side]:
    """An installation that runs and sends through a relay; its books balance in the end."""
    mailer = {"transport": "smtp", "host": "127.0.0.1", "port": relay.port, "security": "none"}
    ours = {"address": f"soporte@{domain}", "reply_address": f"soporte+{{token}}@{domain}"}
    installation = Installation(folder, f"sqlite:///{folder}.db", {"mail": ours, "mailer": mailer})
    database = Database(installation.database_url, pool=2)
    with database.transaction() as session:
        make_operator(session, ADMIN, name="Ana Ruiz", role=Role.ADMIN)
    database.close()
    with installation.start("smtp", "processor", "mailer") as process:
        yield Side(installation, process, domain)
    installation.check_books()


@pytest.fixture
def world(running: World) -> World:
    running.mailboxes, running.careless, running.log = {}, False, []
    return running


def responder(me: str, **headers: str) -> Mailbox:
    """Answers every mail at once, as its mail program threads answers."""
    numbers = itertools.count()

    def respond(message: EmailMessage, received: Received) -> Letter:
        number = next(numbers)
        to = message["Reply-To"] or message["From"].addresses[0].addr_spec
        raw = answer(
            message, f"Estoy de viaje ({number}).", sender=me, message_id=f"{number}.{me}", **headers
        )
        return Letter("", "" if headers else me, to, raw)

    return respond


def dull_responder(me: str) -> Mailbox:
    """Writes a mail of its own to whoever wrote, with nothing that leads back to what it answers."""
    numbers = itertools.count()

    def respond(message: EmailMessage, received: Received) -> Letter:
        to = message["From"].addresses[0].addr_spec
        return _new_mail(me, to, "Ausente", "Estoy de viaje.", next(numbers))

    return respond


def _new_mail(sender: str, to: str, subject: str, text: str, number: int) -> Letter:
    message_id = f"new.{number}.{sender}"
    raw = mail(sender=sender, to=to, subject=subject, text=f"{text}\n{number}", message_id=message_id)
    return Letter("", sender, to, raw)


def forwarder(me: str, to: str, how: str) -> Mailbox:
    """Passes on what comes: as it is, without its traces, or as a mail of its own."""
    numbers = itertools.count()

    def forward(message: EmailMessage, received: Received) -> Letter:
        if how == "as it is":
            return Letter("", received.envelope_from, to, received.data)
        for name in (*AUTOMATIC, *THREAD):
            del message[name]
        if how == "as its own":
            del message["From"]
            message["From"] = me
        if how == "as its own without a subject":
            return _new_mail(me, to, "RV", body(message), next(numbers))
        return Letter("", me, to, message.as_bytes(policy=message.policy.clone(linesep="\r\n")))

    return forward


@pytest.mark.parametrize(
    ("headers", "threads", "total"),
    [
        pytest.param({"Auto_Submitted": "auto-replied"}, True, 2, id="that says what it is"),
        pytest.param({}, True, 3, id="without a header, in the thread"),
        pytest.param({}, False, 3, id="without a header, each a mail of its own"),
    ],
)
def test_a_vacation_responder(world: World, headers: dict[str, str], threads: bool, total: int) -> None:
    key = f"{len(headers)}{threads}".lower()
    client, operator = f"laura@{key}.andina.example", f"martin@{key}.sysmo.example"
    world.mailboxes[client] = responder(client, **headers) if threads else dull_responder(client)
    world.write(client, world.sides[0].topic(operator))
    assert world.settle() == total


def test_responders_at_both_ends_without_a_header_are_silenced(world: World) -> None:
    """Nothing tells these from people but how often they write (L5). One of the mails is the alert."""
    client, operator = "laura@both.andina.example", "martin@both.sysmo.example"
    world.mailboxes = {each: responder(each) for each in (client, operator)}
    world.write(client, world.sides[0].topic(operator))
    assert world.settle() == 16
    assert world.log.count(ADMIN) == 1


@pytest.mark.parametrize(
    ("who", "how", "total"),
    [
        pytest.param("client", "as it is", 2, id="a client's, as it is"),
        pytest.param("client", "without its traces", 2, id="a client's, without its traces"),
        pytest.param("client", "as its own", 3, id="a client's, as a mail of its own"),
        pytest.param("client", "as its own without a subject", 3, id="a client's, as a new mail"),
        pytest.param("operator", "as it is", 2, id="an operator's, as it is"),
        pytest.param("operator", "without its traces", 2, id="an operator's, without its traces"),
        pytest.param("operator", "as its own", 2, id="an operator's, as a mail of its own"),
        pytest.param("operator", "as its own without a subject", 3, id="an operator's, as a new mail"),
    ],
)
def test_a_forwarder_back_to_the_topic(world: World, who: str, how: str, total: int) -> None:
    """A client's mailbox, and an operator's, that passes all that comes on to where it came from."""
    key = f"{who}{len(how)}"
    client, operator = f"laura@{key}.andina.example", f"martin@{key}.sysmo.example"
    topic = world.sides[0].topic(operator)
    me = client if who == "client" else operator
    world.mailboxes[me] = forwarder(me, topic, how)
    world.write(client, topic)
    assert world.settle() == total


def test_two_operators_who_forward_to_their_topic_as_new_mail_are_held(world: World) -> None:
    """Each forwarded notice is a new request, told to the other: twenty an hour for each (B5)."""
    first, second = "uno@pair.sysmo.example", "dos@pair.sysmo.example"
    topic = world.sides[0].topic(first, second)
    for me in (first, second):
        world.mailboxes[me] = forwarder(me, topic, "as its own without a subject")
    world.write("laura@pair.andina.example", topic)
    assert world.settle() == 35


@pytest.mark.parametrize(
    ("careless", "totals"),
    [
        pytest.param(False, (2, 3, 2), id="the one knows the other's mail for automatic"),
        pytest.param(True, (5, 2, 2), id="what says so is lost on the way"),
    ],
)
def test_two_installations_that_are_each_others_client(
    world: World, careless: bool, totals: tuple[int, ...]
) -> None:
    """The one's topic writes to the other's, and then an operator of each answers."""
    world.careless = careless
    key = "lost" if careless else "kept"
    operators = f"martin@{key}.sysmo.example", f"jorge@{key}.mesa.example"
    here, there = (side.topic(each) for side, each in zip(world.sides, operators, strict=True))
    notices: dict[str, EmailMessage] = {}
    for each in operators:
        world.mailboxes[each] = keeper(notices)
    world.write(there, here)
    found = [world.settle()]
    for each in operators:
        notice = notices[each]
        raw = answer(notice, "¿En qué los ayudamos?", sender=each, message_id=f"words.{each}")
        world.post(Letter("", each, notice["Reply-To"], raw))
        found.append(world.settle())
    assert tuple(found) == totals


def keeper(notices: dict[str, EmailMessage]) -> Mailbox:
    """A mailbox of a person, who reads and does nothing by themselves."""

    def keep(message: EmailMessage, received: Received) -> None:
        notices[received.recipients[0]] = message

    return keep
