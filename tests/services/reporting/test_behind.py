"""The requests behind a figure are as many as it says, and each is shown with what the figure measures."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from gateway.models.tickets import Event, Ticket
from gateway.rules.lifecycle import Channel, EventKind
from gateway.rules.periods import Period
from gateway.services.reporting import behind, figures
from gateway.services.reporting.behind import BY_ITSELF, Behind, Figure
from gateway.services.reporting.report import NO_COMPANY, Filters
from tests.services.reporting.scene import MAY, ZONE, Scene, asked

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
SPRING = Period(date(2026, 1, 1), date(2026, 6, 30))


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """Requests of every kind around the two months."""
    martin, carla = scene.martin, scene.carla
    people, topics = (scene.laura, scene.pedro, scene.nadie), (scene.billing, scene.access)
    ways: list[list[tuple[str, object, str | None]]] = [
        [],
        [("05-31 23:45", martin, None)],
        [("05-20 12:00", carla, "05-21 09:00")],
        [("05-20 12:00", None, "06-21 09:00"), ("06-22 09:00", carla, None)],
        [("05-20 12:00", martin, "05-21 09:00"), ("05-22 09:00", carla, "05-22 09:00")],
        [("05-20 12:00", martin, "05-21 09:00"), ("06-01 00:00", None, None)],
        [("05-20 12:00", martin, None), ("05-21 12:00", carla, "06-03 09:00")],
    ]
    for place in range(42):
        scene.received(
            ("04-30 23:45", "05-01 00:00", "05-11 09:15")[place % 3],
            *ways[place % 7],  # type: ignore[arg-type]
            by=people[place // 7 % 3],
            topic=topics[place // 14 % 2],
            channel=list(Channel)[place % 2],
            assignee=(martin, carla, None)[place // 2 % 3],
            answered=("05-31 23:45" if place % 4 else "06-01 00:00", martin, 90) if place % 5 else None,
            minutes=30 + place,
        )
    return scene


@pytest.mark.parametrize("period", [MAY, JUNE, SPRING], ids=["may", "june", "half a year"])
@pytest.mark.parametrize("narrow", ["all", "topic", "operator", "company", "no company", "two of them"])
def test_behind_every_figure_are_as_many_requests_as_it_says(
    session: Session, busy: Scene, narrow: str, period: Period
):
    filters = {
        "all": Filters(),
        "topic": Filters(topic=busy.access.id),
        "operator": Filters(operator=busy.carla.id),
        "company": Filters(company=busy.litoral.id),
        "no company": Filters(company=NO_COMPANY),
        "two of them": Filters(topic=busy.billing.id, operator=busy.martin.id),
    }[narrow]
    found = figures.make(session, asked(period, filters), zone=ZONE).now
    totals = found.totals
    said = {
        Behind(Figure.RECEIVED, period, filters): totals.received,
        Behind(Figure.CLOSED, period, filters): totals.closed,
        Behind(Figure.REOPENED, period, filters): totals.reopened,
        Behind(Figure.OPEN, period, filters): totals.open_at_end,
        Behind(Figure.ANSWERED, period, filters): totals.first_answer.means.cases,
    }
    for step in found.days:
        if step.received + step.closed:
            said[Behind(Figure.RECEIVED, period, filters, step=step.period)] = step.received
            said[Behind(Figure.CLOSED, period, filters, step=step.period)] = step.closed
    for operator in found.operators:
        closer = operator.user_id or BY_ITSELF
        said[Behind(Figure.CLOSED, period, filters, closer=closer)] = operator.closed
        said[Behind(Figure.REOPENED, period, filters, closer=closer)] = operator.reopened
    for each in found.channels:
        said[Behind(Figure.RECEIVED, period, filters, channel=each.channel)] = each.received
    for day, row in enumerate(found.hours):
        for hour in (0, 9, 23):
            said[Behind(Figure.RECEIVED, period, filters, hour=(day, hour))] = row[hour]
    counted = {each: behind.count(session, each, zone=ZONE) for each in said}
    assert counted == said
    listed = {each: behind.lines(session, each, zone=ZONE, limit=100) for each in said}
    assert {each: len({line.number for line in lines}) for each, lines in listed.items()} == said
    assert sum(said.values()) > 10


def test_a_step_of_a_period_is_no_period_of_its_own(session: Session, scene: Scene):
    """Closed twice, a request is behind the month once: on the day it was closed last."""
    scene.received(
        "05-04 09:00", ("05-05 10:00", scene.martin, "05-06 10:00"), ("05-07 10:00", scene.martin, None)
    )
    first, last = (Period(date(2026, 5, day), date(2026, 5, day)) for day in (5, 7))
    steps = [Behind(Figure.CLOSED, MAY, step=step) for step in (first, last)]
    assert [behind.count(session, each, zone=ZONE) for each in steps] == [0, 1]
    assert behind.count(session, Behind(Figure.CLOSED, first), zone=ZONE) == 1
    beyond = Behind(Figure.CLOSED, MAY, step=Period(date(2026, 5, 7), date(2026, 6, 30)))
    assert behind.count(session, beyond, zone=ZONE) == 1
    assert behind.count(session, Behind(Figure.OPEN, MAY, step=first), zone=ZONE) == 0


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("figure", list(Figure))
def test_a_channel_is_a_part_of_every_figure(session: Session, busy: Scene, figure: Figure, channel: Channel):
    part = Behind(figure, MAY, channel=channel)
    lines = behind.lines(session, part, zone=ZONE, limit=100)
    whole = behind.lines(session, Behind(figure, MAY), zone=ZONE, limit=100)
    assert lines == [each for each in whole if each.channel is channel]
    assert behind.count(session, part, zone=ZONE) == len(lines) > 0


@pytest.mark.parametrize("figure", list(Figure))
def test_pages_show_each_request_once_the_highest_number_first(session: Session, busy: Scene, figure: Figure):
    asked_for = Behind(figure, MAY)
    whole = [each.number for each in behind.lines(session, asked_for, zone=ZONE, limit=100)]
    assert whole == sorted(whole, reverse=True)
    pages: list[int] = []
    while page := behind.lines(session, asked_for, zone=ZONE, after=pages[-1] if pages else None, limit=4):
        assert len(page) <= 4
        pages += [each.number for each in page]
    assert pages == whole


def test_a_line_shows_the_request_and_the_closing_that_counts(session: Session, scene: Scene):
    number = scene.received(
        "05-04 09:00",
        ("05-05 10:00", scene.martin, "05-06 10:00"),
        ("05-07 10:00", None, None),
        by=scene.laura,
        assignee=scene.carla,
        minutes=1500,
        answered=("05-04 10:00", scene.carla, 60),
    )
    ticket = session.get_one(Ticket, number)
    opened = datetime(2026, 5, 4, 12, 0, 40, tzinfo=UTC)
    ticket.created_at, ticket.first_reply_at = opened, opened + timedelta(minutes=60)
    closings = [opened + timedelta(minutes=3000, seconds=each) for each in (0, 30)]  # the same minute
    for at in closings:
        session.add(Event(ticket_id=number, kind=EventKind.CLOSED, at=at))
        session.add(Event(ticket_id=number, kind=EventKind.REOPENED, at=at))
    session.flush()
    (closed,) = behind.lines(session, Behind(Figure.CLOSED, MAY), zone=ZONE, limit=5)
    assert (closed.number, closed.subject, closed.topic) == (number, ticket.subject, "Facturación")
    assert (closed.requester, closed.company) == ("Laura Giménez", "Distribuidora Andina S.A.")
    assert (closed.assignee, closed.channel, closed.closed_by) == ("Carla Ruiz", Channel.EMAIL, None)
    assert (closed.opened_at, closed.answered_at) == (opened, ticket.first_reply_at)
    assert (closed.closed_at, closed.minutes, closed.work_minutes) == (closings[1], 3000, 1500)
    (reopened,) = behind.lines(session, Behind(Figure.REOPENED, MAY), zone=ZONE, limit=5)
    assert (reopened.closed_at, reopened.minutes, reopened.closed_by) == (closings[0], 1500, "Martín Sosa")
    (answered,) = behind.lines(session, Behind(Figure.ANSWERED, MAY), zone=ZONE, limit=5)
    assert (answered.minutes, answered.work_minutes, answered.closed_at) == (60, 30, None)
    (received,) = behind.lines(session, Behind(Figure.RECEIVED, MAY), zone=ZONE, limit=5)
    assert (received.minutes, received.work_minutes, received.closed_at) == (None, None, None)


def test_who_has_no_name_or_company_and_what_nobody_has_leave_no_gap(session: Session, scene: Scene):
    scene.received("05-04 09:00", by=scene.nadie)
    (line,) = behind.lines(session, Behind(Figure.OPEN, MAY), zone=ZONE, limit=5)
    assert (line.requester, line.company, line.assignee, line.answered_at) == (
        "nadie@correo.example",
        None,
        None,
        None,
    )
