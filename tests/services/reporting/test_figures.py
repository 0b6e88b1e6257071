"""Figures of small cases added up by hand; rows of the counted tables are written as they would be."""

from datetime import date
from fractions import Fraction

from sqlmodel import Session

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period
from gateway.services.reporting import figures
from gateway.services.reporting.report import Figures, Filters, Means, Times, Totals
from tests.services.reporting.scene import ALL, MAY, ZONE, Scene, asked

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))


def made(session: Session, period: Period = MAY, filters: Filters = ALL) -> Figures:
    return figures.make(session, asked(period, filters), zone=ZONE).now


def test_a_period_without_anything_is_zeros_for_every_day_and_no_means(session: Session, scene: Scene):
    found = made(session)
    assert found.totals == Totals(0, 0, 0, 0, Times(), Times())
    assert [each.period.first.day for each in found.days] == list(range(1, 32))
    assert {(each.received, each.closed, each.resolution.mean) for each in found.days} == {(0, 0, None)}
    assert found.hours == [[0] * 24] * 7
    assert [(each.channel, each.received) for each in found.channels] == [(each, 0) for each in Channel]
    assert (found.operators, found.topics, found.companies) == ([], [], [])


def test_one_request_is_in_every_figure_that_it_belongs_to(session: Session, scene: Scene):
    scene.received(
        "05-04 09:30",
        ("05-05 10:00", scene.martin, None),
        minutes=1470,
        answered=("05-04 09:45", scene.carla, 15),
        channel=Channel.WEB,
    )
    found = made(session)
    resolution, answer = Means(1, 1470, 735), Means(1, 15, 7)
    times = Times(resolution, Fraction(1470), Fraction(735)), Times(answer, Fraction(15), Fraction(7))
    assert found.totals == Totals(1, 1, 0, 0, *times)
    assert [(each.period.first.day, each.received) for each in found.days if each.received] == [(4, 1)]
    assert [(each.period.first.day, each.resolution) for each in found.days if each.closed] == [
        (5, resolution)
    ]
    assert found.hours[0][9] == 1  # a Monday
    assert sum(map(sum, found.hours)) == 1
    (operator,), (topic,), (company,) = found.operators, found.topics, found.companies
    assert (operator.user_id, operator.name, operator.closed) == (scene.martin.id, "Martín Sosa", 1)
    assert (topic.id, topic.name, topic.received, topic.closed) == (scene.billing.id, "Facturación", 1, 1)
    assert (company.id, company.name) == (scene.andina.id, "Distribuidora Andina S.A.")
    assert operator.resolution == topic.resolution == company.resolution == resolution
    assert {each.channel: each.received for each in found.channels} == {Channel.EMAIL: 0, Channel.WEB: 1}
