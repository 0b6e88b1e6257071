"""Requests that live by mail, as bytes: what opens one and what does not, what wakes one and what goes on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import func, select

from gateway.models.columns import table_of
from gateway.models.queues import OutboxItem
from gateway.rules.admission import Outcome
from gateway.services import held
from gateway.services.held import Acceptance
from gateway.services.journal import Settled
from tests.mail.test_forwards import GMAIL
from tests.office import answer, mail
from tests.services.reporting.history import NETWORKS, SUPPORT, History, Story
from tests.services.reporting.stories import at, close, reopen, reply, take

MARTIN = "Martín <martin@sysmo.example>"
ALERT = {"Auto-Submitted": "auto-generated", "Precedence": "bulk"}
REFUSED = {"Authentication-Results": "mx.example.com; dmarc=fail (p=reject) header.from=ajena.example"}


def a_conversation(history: History) -> Story:
    """Answered, closed by a command, woken by the client, taken by a command while it is closed."""
    sent = _Post(history)
    client = f"cliente-{sent.new_id()}"  # a new one each time, whom nothing keeps from being written to
    done, mails = sent.open(client, to=NETWORKS)
    assert done.outcome is Outcome.OPENED
    acknowledgement, notice = mails[client], mails["martin@sysmo.example"]
    yield history.now + timedelta(hours=2)
    mails = sent.answer(notice, "Ya lo miramos.", sender=MARTIN)
    yield history.now + timedelta(days=1)
    sent.answer(mails[client], "Gracias, anda.", sender=client)
    yield history.now
    sent.answer(notice, "#cerrar\n\nMe alegro.", sender=MARTIN)
    yield history.now + timedelta(days=3)
    sent.answer(acknowledgement, "Estoy de licencia.", sender=client, **{"Auto-Submitted": "auto-replied"})
    assert done.ticket_id is not None
    assert history.ticket(done.ticket_id).closed_at is not None
    yield history.now + timedelta(days=27)
    sent.answer(acknowledgement, "Otra vez.", sender=client)
    assert history.ticket(done.ticket_id).closed_at is None
    yield history.now + timedelta(minutes=1)
    sent.answer(notice, "#cerrar", sender=MARTIN)
    yield history.now + timedelta(days=1)
    sent.answer(notice, "#tomar", sender=MARTIN)
    yield history.now + timedelta(days=40)
    sent.answer(notice, "#cerrar", sender=MARTIN)
    yield history.now + timedelta(days=31)
    again = sent.deliver(answer(acknowledgement, "Y otra.", sender=client, message_id=sent.new_id()))
    assert (again.outcome, again.reason) == (Outcome.OPENED, "continues")
    assert again.ticket_id is not None
    yield history.now + timedelta(days=2)
    close(history, again.ticket_id)


def an_alert(history: History) -> Story:
    """What a program writes opens one that does not count, whatever is done with it."""
    done, _ = _Post(history).open("Monitor <monitor@casa.example>", **ALERT)
    assert (done.outcome, done.reason) == (Outcome.OPENED, "automatic")
    assert done.ticket_id is not None
    for act in (take, reply, close, reopen, close):
        yield history.now + timedelta(hours=5)
        act(history, done.ticket_id)


def a_repeat(history: History) -> Story:
    """The same mail by two doors is one request."""
    raw = mail(sender="Zoe <zoe@casa.example>", to=SUPPORT, message_id=_Post(history).new_id())
    post = _Post(history)
    first = post.deliver(raw)
    yield history.now + timedelta(minutes=10)
    assert post.deliver(raw).outcome is Outcome.DUPLICATE
    assert first.ticket_id is not None
    yield history.now + timedelta(days=1)
    close(history, first.ticket_id)


def held_for(days: int | None) -> Callable[[History], Story]:
    """A mail that is held, and let in after some days, or never."""

    def story(history: History) -> Story:
        post = _Post(history)
        entry = history.office.journal(
            mail(sender="Mal <mal@ajena.example>", to=SUPPORT, message_id=post.new_id(), **REFUSED),
            recipients=[SUPPORT],
        )
        assert history.office.apply(entry).outcome is Outcome.HELD
        if days is None:
            return
        yield history.now + timedelta(days=days)
        ana, desk = history.sender(history.ana), history.office.desk
        held.accept(history.session, desk, entry, Acceptance(), by=ana, now=history.now)
        yield history.now + timedelta(seconds=3)
        done = history.office.apply(entry)
        assert done.outcome is Outcome.OPENED
        assert done.ticket_id is not None
        yield history.now + timedelta(hours=30)
        reply(history, done.ticket_id)

    return story


def passed_on(history: History) -> Story:
    """An operator forwards a client's mail: it is the client's request, and no answer to them."""
    done, _ = _Post(history).open(MARTIN, to=NETWORKS, subject="Fwd: No imprime", text=GMAIL)
    assert (done.outcome, done.reason) == (Outcome.OPENED, "forwarded")
    assert done.ticket_id is not None
    yield history.now + timedelta(days=5)
    reply(history, done.ticket_id)


class _Post:
    """Mail in, and the mails that go out because of it, by recipient."""

    def __init__(self, history: History) -> None:
        self.history = history

    def new_id(self) -> str:
        return f"{next(self.history.places)}@casa.example"

    def open(self, sender: str, *, to: str = SUPPORT, **more: str) -> tuple[Settled, dict[str, EmailMessage]]:
        self._look_away()
        done = self.deliver(mail(sender=sender, to=to, message_id=self.new_id(), **more), to=to)
        return done, self._out()

    def answer(
        self, received: EmailMessage, text: str, *, sender: str, **more: str
    ) -> dict[str, EmailMessage]:
        self._look_away()
        raw = answer(received, text, sender=sender, message_id=self.new_id(), **more)
        done = self.deliver(raw, to=received["Reply-To"])
        assert done.outcome in (Outcome.APPENDED, Outcome.AUTOMATIC)
        return self._out()

    def deliver(self, raw: bytes, *, to: str = SUPPORT) -> Settled:
        return self.history.office.deliver(raw, recipients=[to])

    def _out(self) -> dict[str, EmailMessage]:
        return {each["X-Envelope-To"]: each for each in self.history.office.out()}

    def _look_away(self) -> None:
        newest = self.history.session.execute(select(func.max(table_of(OutboxItem).c.id))).scalar()
        self.history.office.seen = newest or 0


ALL: list[tuple[datetime, Callable[[History], Story]]] = [
    (at("2026-04-02T11:00"), a_conversation),
    (at("2026-11-30T23:59"), a_conversation),
    (at("2027-10-31T22:00"), a_conversation),
    (at("2026-05-11T04:00"), an_alert),
    (at("2027-12-30T04:00"), an_alert),
    (at("2026-07-31T23:55"), a_repeat),
    (at("2026-08-30T23:59:59"), held_for(2)),
    (at("2026-12-20T10:00"), held_for(14)),
    (at("2027-05-20T10:00"), held_for(None)),
    (at("2027-04-28T18:30"), passed_on),
]
