"""Two years of a help desk, acted through the real services, each act at its own moment.

A story is a generator: it does something, and yields when it goes on. Stories take turns as their moments
come, so the whole happens in order. The same seed makes the same history.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.people import Notices, Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import threads
from tests.factories import make_company, make_operator, make_topic, make_user, sender_of
from tests.office import Office

BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")
BEGIN = datetime(2026, 3, 1, tzinfo=BUENOS_AIRES)
END = datetime(2028, 3, 16, tzinfo=BUENOS_AIRES)

ANDINA, NUEVA, NORTE = "30999999804", "30712345671", "30687654329"
SUPPORT, NETWORKS = "soporte@example.com", "redes@example.com"
SECOND = timedelta(seconds=1)

Story = Iterator[datetime]


@dataclass
class History:
    """The desk, its people, what time it is, and the stories that go on."""

    runtime: Runtime
    session: Session
    seed: int = 7
    office: Office = field(init=False)
    going_on: list[tuple[datetime, int, Story]] = field(default_factory=list)
    places: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  a history, no secret
        self.office = Office(self.runtime, self.session, BEGIN)
        self._employ()
        self._found()

    def _employ(self) -> None:
        """Martín alone wants to be told: his notices are what he answers by mail."""
        make = self._operator
        self.martin, self.sofia, self.bruno = make("martin"), make("sofia"), make("bruno")
        self.vera, self.ana = make("vera"), make("ana", role=Role.ADMIN)
        session, quiet = self.session, (self.sofia, self.bruno, self.vera)
        self.billing = make_topic(session, "Facturación", *quiet, is_default=True, address=SUPPORT)
        self.networks = make_topic(session, "Redes", self.martin, self.bruno, address=NETWORKS)
        self.printers = make_topic(session, "Impresoras", self.sofia, self.vera)
        self.empty = make_topic(session, "Sin pedidos")
        for serving in session.execute(select(TopicOperator)).scalars():
            if serving.user_id != self.martin.id:
                serving.notices = Notices.NOTHING
        session.flush()

    def _operator(self, name: str, **values: Role) -> User:
        return make_operator(
            self.session, f"{name}@sysmo.example", name=name.title(), created_at=BEGIN, **values
        )

    def _found(self) -> None:
        """Companies with their people, and people of none. The last company is the first, by another name."""
        self.companies = [
            make_company(self.session, name=name, cuit=cuit, created_at=BEGIN).id
            for name, cuit in [("Andina", ANDINA), ("Nueva", NUEVA), ("Norte", NORTE), ("Andina S.A.", None)]
        ]
        people = ["laura pedro", "nadia", "ines julio", "omar"]
        self.clients = [
            self._client(name, company_id)
            for names, company_id in zip([*people, "zoe raul"], [*self.companies, None], strict=True)
            for name in names.split()
        ]

    def _client(self, name: str, company_id: int | None) -> User:
        values = {"name": name.title(), "company_id": company_id, "created_at": BEGIN}
        return make_user(self.session, f"{name}@casa.example", **values)

    # Time

    @property
    def now(self) -> datetime:
        return self.office.now

    def begin(self, story: Callable[["History"], Story], at: datetime) -> None:
        """Have a story begin at a moment."""
        heapq.heappush(self.going_on, (at, next(self.places), _after(story, self)))

    def happen(self) -> None:
        """Let all stories take their turns until they end, or the two years do."""
        while self.going_on:
            moment, _, story = heapq.heappop(self.going_on)
            if moment >= END:
                continue
            assert moment >= self.office.now
            self.office.now = moment
            following = next(story, None)
            self.session.flush()
            if following is not None:
                heapq.heappush(self.going_on, (max(following, moment), next(self.places), story))

    def some_time(self) -> datetime:
        """A moment of the two years; many lie around midnight, the end of a month, or in working hours."""
        day = BEGIN + timedelta(days=self.random.randrange((END - BEGIN).days))
        return self._within(day)

    def later(self) -> datetime:
        """A moment from now on: at once, soon, at a midnight, next month, next year, or some day."""
        draw, now = self.random, self.now
        match draw.randrange(10):
            case 0:
                return now
            case 1:
                return now + timedelta(minutes=draw.randrange(1, 90), milliseconds=draw.randrange(998))
            case 2:
                return now + timedelta(minutes=draw.choice([1, 60, 24 * 60, 7 * 24 * 60]))
            case 3 | 4:
                return max(now, self._within(_midnight(now) + timedelta(days=1)))
            case 5:
                return max(now, self._within(_month_after(now) - timedelta(days=draw.choice([0, 1]))))
            case 6:
                return max(now, self._within(now + timedelta(days=draw.choice([29, 30, 31, 40]))))
            case 7 if draw.random() < 0.2:
                return self._within(_midnight(now).replace(year=now.year + 1, month=1, day=1))
            case _:
                return max(now, self._within(now + timedelta(days=draw.randrange(1, 9))))

    def _within(self, day: datetime) -> datetime:
        """A moment of a day: the last or first of it, on the hour, or any, to the millisecond.

        The last one is a microsecond before midnight; no other lies in that millisecond, so what the
        export rounds away makes no minute more or less.
        """
        draw, midnight = self.random, _midnight(day)
        match draw.randrange(8):
            case 0:
                return midnight
            case 1:
                return midnight + timedelta(days=1) - timedelta(microseconds=1)
            case 2:
                return midnight + timedelta(hours=draw.choice([9, 13, 18]))
            case 3:
                return midnight + timedelta(hours=draw.randrange(24), minutes=draw.choice([14, 15, 29, 30]))
            case _:
                minutes = draw.randrange(24 * 60) if draw.random() < 0.3 else draw.randrange(8 * 60, 19 * 60)
                milliseconds = draw.randrange(998)
                return midnight + timedelta(
                    minutes=minutes, seconds=draw.randrange(60), milliseconds=milliseconds
                )

    # Who

    def sender(self, user: User) -> Sender:
        return sender_of(user)

    def colleagues(self) -> list[User]:
        """The operators who are there now."""
        team = [self.martin, self.sofia, self.bruno, self.vera, self.ana]
        return [each for each in team if self.sender(each).status is UserStatus.ACTIVE]

    def someone_for(self, number: int) -> Sender:
        """An operator who answers a request: one of its topic's, or whoever has it; else Ana."""
        chosen = self.sender(self.random.choice(self.colleagues()))
        able = threads.may_act(self.session, self.ticket(number), chosen)
        return chosen if able else self.sender(self.ana)

    def ticket(self, number: int) -> Ticket:
        ticket = self.session.get_one(Ticket, number)
        self.session.refresh(ticket)
        return ticket

    def user(self, email: str) -> User:
        query = select(User).where(col(User.email) == email)
        found: User = self.session.execute(query).scalar_one()
        return found

    def topics(self) -> list[Topic]:
        return [self.billing, self.networks, self.printers]


def _after(story: Callable[[History], Story], history: History) -> Story:
    """Nothing of a story happens before its moment."""
    yield from story(history)


def _midnight(moment: datetime) -> datetime:
    local = moment.astimezone(BUENOS_AIRES)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _month_after(moment: datetime) -> datetime:
    return (_midnight(moment).replace(day=28) + timedelta(days=4)).replace(day=1)
