"""Twenty people write on one request at the same time, on the web and by mail (E9)."""

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway.models.people import User
from gateway.models.tickets import Event, Message, Ticket
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, Status
from gateway.rules.people import Role, Sender
from gateway.runtime import Runtime
from gateway.services import acting, overtaken, portal, writing
from gateway.services.desk import Desk
from gateway.services.overtaken import Overtaken, Seen
from gateway.services.writing import Draft
from tests.conftest import NOW
from tests.factories import make_operator, make_topic
from tests.office import Office, answer, mail

OPERATORS = 6
CLIENT = "laura.gimenez@andina.example"
ASKED_AT_MOST = 60
"""However many others are quicker, each of them once."""


class Crowd:
    """One request with its operators, and what each of twenty people does to it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        with runtime.db.transaction() as session:
            office = Office(runtime, session, NOW)
            self.desk: Desk = office.desk
            everybody = [
                make_operator(session, f"op{each}@sysmo.example", name=f"Operador {each}", role=Role.OPERATOR)
                for each in range(OPERATORS)
            ]
            make_topic(session, "Facturación", *everybody, is_default=True)
            done = office.deliver(mail(), recipients=["soporte@example.com"])
            assert done.ticket_id is not None
            self.number = done.ticket_id
            self.notices: dict[str, EmailMessage] = {each["X-Envelope-To"]: each for each in office.out()}
            self.people = {
                each.email: Sender(each.id, each.email, each.name, each.role, each.status)
                for each in session.execute(select(User)).scalars()
            }

    def by_mail(self, who: str, text: str) -> None:
        raw = answer(self.notices[who], text, sender=who, message_id=f"{text.replace(' ', '.')}@x.example")
        with self.runtime.db.transaction() as session:
            done = Office(self.runtime, session, NOW).deliver(raw, recipients=["soporte@example.com"])
            assert done.outcome is Outcome.APPENDED

    def on_the_web(self, who: str, text: str, *, internal: bool = False, close: bool = False) -> int:
        """Write and, when somebody was quicker, look at the page and send it again; how often that was."""
        seen = Seen(1, 0)
        for asked in range(ASKED_AT_MOST):
            draft = Draft(text=text, internal=internal, close=close, seen=seen)
            try:
                with self.runtime.db.transaction() as session:
                    writing.write(session, self.desk, self.number, self.people[who], draft, now=NOW)
            except Overtaken:
                seen = self.look(who)
            else:
                return asked
        raise AssertionError("asked for ever")

    def look(self, who: str) -> Seen:
        with self.runtime.db.snapshot() as session:
            if who == CLIENT:
                shown = portal.read(session, self.number, self.people[who], whole=True)
                return Seen(len(shown.entries))
            event = overtaken.newest_event(session, self.number)
            newest = session.execute(
                select(func.max(col(Message.id))).where(col(Message.ticket_id) == self.number)
            ).scalar_one()
            return Seen(newest, event)

    def act(self, who: str, what: str) -> None:
        with self.runtime.db.transaction() as session:
            person = self.people[who]
            if what == "close":
                acting.close(session, self.desk, self.number, person, None, now=NOW)
            elif what == "reopen":
                acting.reopen(session, self.number, person, now=NOW)
            else:
                acting.take(session, self.number, person, now=NOW)


def written(session: Session, number: int) -> list[tuple[int, str]]:
    rows = session.execute(
        select(col(Message.number), col(Message.text))
        .where(col(Message.ticket_id) == number)
        .order_by(col(Message.number))
    )
    return [(row[0], row[1].splitlines()[0]) for row in rows]


@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_people_at_once_lose_nothing(make_runtime: Callable[..., Runtime], seed: int) -> None:
    crowd = Crowd(make_runtime())
    jobs: list[Callable[[], object]] = []
    texts = ["Hola, buenas tardes."]
    for each in range(10):
        who = f"op{each % OPERATORS}@sysmo.example" if each % 3 else CLIENT
        text = f"por correo {each}"
        texts.append(text)
        jobs.append(lambda who=who, text=text: crowd.by_mail(who, text))  # type: ignore[misc]
    for each in range(10):
        who = f"op{each % OPERATORS}@sysmo.example" if each % 3 else CLIENT
        text, internal = f"en la página {each}", who != CLIENT and each % 5 in (1, 4)
        texts.append(text)
        close = who != CLIENT and each % 5 == 2
        jobs.append(
            lambda who=who, text=text, internal=internal, close=close: crowd.on_the_web(  # type: ignore[misc]
                who, text, internal=internal, close=close
            )
        )
    for each, what in enumerate(("take", "close", "reopen", "take")):
        jobs.append(lambda who=f"op{each}@sysmo.example", what=what: crowd.act(who, what))  # type: ignore[misc]
    random.Random(seed).shuffle(jobs)  # noqa: S311  an order, no secret
    with ThreadPoolExecutor(20) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    with crowd.runtime.db.snapshot() as session:
        found = written(session, crowd.number)
        ticket = session.get_one(Ticket, crowd.number)
        assert sorted(text for _, text in found) == sorted(texts)
        assert [number for number, _ in found] == list(range(1, len(texts) + 1))
        assert ticket.messages == len(texts)
        kinds = session.execute(
            select(col(Event.kind)).where(col(Event.ticket_id) == crowd.number).order_by(col(Event.id))
        ).scalars()
        assert closed_by(kinds) is (ticket.status is Status.CLOSED)


def closed_by(kinds: Iterable[EventKind]) -> bool:
    """Whether the events, in order, leave the request closed; each has to fit what came before."""
    closed = False
    for kind in kinds:
        if kind is EventKind.CLOSED:
            assert not closed
            closed = True
        elif kind is EventKind.REOPENED:
            assert closed
            closed = False
        elif kind is EventKind.TAKEN:
            closed = False
    return closed
