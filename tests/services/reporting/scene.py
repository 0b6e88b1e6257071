"""A small company's counted requests, written as a test says: no ticket moves here."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.models.people import Company, User
from gateway.models.reports import CountedClosing, CountedRequest
from gateway.models.topics import Topic
from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Comparison, Period, quarter_of
from gateway.services.reporting.report import Asked, Filters
from tests.factories import make_company, make_operator, make_ticket, make_topic, make_user

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
ALL = Filters()
MAY = Period(date(2026, 5, 1), date(2026, 5, 31))


def at(text: str) -> int:
    """The quarter of a local moment: "05-31 23:45", of 2026 unless it says another year."""
    text = text if len(text) > 11 else f"2026-{text}"
    return quarter_of(datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC))


def asked(period: Period = MAY, filters: Filters = ALL, against: Period | None = None) -> Asked:
    return Asked(period, Comparison.NONE if against is None else Comparison.DATES, against, filters)


@dataclass
class Scene:
    """Two topics, two operators, two companies and somebody of none."""

    session: Session
    martin: User = field(init=False)
    carla: User = field(init=False)
    billing: Topic = field(init=False)
    access: Topic = field(init=False)
    andina: Company = field(init=False)
    litoral: Company = field(init=False)
    laura: User = field(init=False)
    pedro: User = field(init=False)
    nadie: User = field(init=False)

    def __post_init__(self) -> None:
        session = self.session
        self.martin = make_operator(session)
        self.carla = make_operator(session, "carla.ruiz@sysmo.example", name="Carla Ruiz")
        self.billing, self.access = make_topic(session), make_topic(session, "Accesos")
        self.andina = make_company(session)
        self.litoral = make_company(session, name="Litoral S.R.L.", cuit="30999999812")
        self.laura = make_user(session, company_id=self.andina.id)
        self.pedro = make_user(session, "pedro@litoral.example", name="Pedro", company_id=self.litoral.id)
        self.nadie = make_user(session, "nadie@correo.example", name="")

    def received(
        self,
        opened: str,
        *closings: tuple[str, User | None, str | None],
        by: User | None = None,
        topic: Topic | None = None,
        channel: Channel = Channel.EMAIL,
        assignee: User | None = None,
        answered: tuple[str, User, int] | None = None,
        minutes: int = 60,
    ) -> int:
        """Write a request and its closings: when, by whom, and when that was undone. Return its number.

        The first closing is `minutes` after the receipt, each further one as much later; work a half.
        """
        session, requester, topic = self.session, by or self.laura, topic or self.billing
        ticket = make_ticket(
            session, requester, topic, channel=channel, assignee_id=assignee.id if assignee else None
        )
        common = {"ticket_id": ticket.id, "topic_id": topic.id, "requester_id": requester.id}
        first = {}
        if answered is not None:
            moment, answerer, took = answered
            first = {"answered": at(moment), "answered_by": answerer.id, "answer_minutes": took}
            first["answer_work_minutes"] = took // 2
        session.add(CountedRequest(**common, opened=at(opened), channel=channel, **first))
        for place, (closed, closer, undone) in enumerate(closings):
            following = closings[place + 1][0] if place + 1 < len(closings) else None
            closing = CountedClosing(
                **common,
                number=place + 1,
                closed=at(closed),
                closed_by=closer.id if closer else None,
                minutes=minutes * (place + 1),
                work_minutes=minutes * (place + 1) // 2,
                reopened=at(undone) if undone else None,
                next_closed=at(following) if following else None,
            )
            session.add(closing)
        session.flush()
        return ticket.id
