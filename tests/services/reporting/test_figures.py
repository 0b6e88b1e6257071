"""Figures of small cases added up by hand; rows of the counted tables are written as they would be."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period
from gateway.services.reporting import figures
from gateway.services.reporting.report import NO_COMPANY, Figures, Filters, Means, Times, Totals
from tests.services.reporting.scene import ALL, MAY, ZONE, Scene, asked

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))


def made(session: Session, period: Period = MAY, filters: Filters = ALL, zone: ZoneInfo = ZONE) -> Figures:
    return figures.make(session, asked(period, filters), zone=zone).now


def by_operator(found: Figures) -> dict[str, tuple[int, int]]:
    return {each.name: (each.closed, each.reopened) for each in found.operators}


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
    closed = [(each.period.first.day, each.resolution) for each in found.days if each.closed]
    assert closed == [(5, resolution)]
    assert found.hours[0][9] == 1  # a Monday
    assert sum(map(sum, found.hours)) == 1
    (operator,), (topic,), (company,) = found.operators, found.topics, found.companies
    assert (operator.user_id, operator.name, operator.closed) == (scene.martin.id, "Martín Sosa", 1)
    assert (topic.id, topic.name, topic.received, topic.closed) == (scene.billing.id, "Facturación", 1, 1)
    assert (company.id, company.name) == (scene.andina.id, "Distribuidora Andina S.A.")
    assert operator.resolution == topic.resolution == company.resolution == resolution
    assert {each.channel: each.received for each in found.channels} == {Channel.EMAIL: 0, Channel.WEB: 1}


def test_what_is_still_to_come_is_in_no_figure(session: Session, scene: Scene):
    scene.received("06-01 00:00", ("06-02 10:00", scene.martin, "06-03 10:00"))
    assert made(session).totals == Totals(0, 0, 0, 0, Times(), Times())
    future = Period(date(2030, 1, 1), date(2030, 1, 31))
    assert made(session, future).totals.open_at_end == 1


def test_days_and_months_begin_at_local_midnight(session: Session, scene: Scene):
    scene.received("04-30 23:45", ("05-01 00:00", scene.martin, None))
    scene.received("05-31 23:45", ("06-01 00:00", scene.martin, None))
    found = made(session)
    assert (found.totals.received, found.totals.closed, found.totals.open_at_end) == (1, 1, 1)
    assert [(each.received, each.closed) for each in (found.days[0], found.days[-1])] == [(0, 1), (1, 0)]
    assert found.hours[6][23] == 1  # the 31st is a Sunday; in UTC it was the 1st already
    assert made(session, zone=ZoneInfo("UTC")).totals.received == 1
    assert made(session, JUNE).totals.closed == 1


def test_closed_twice_in_a_period_counts_once_by_the_last(session: Session, scene: Scene):
    scene.received(
        "05-04 09:00", ("05-04 10:00", scene.martin, "05-05 09:00"), ("05-06 10:00", scene.carla, None)
    )
    found = made(session)
    assert found.totals.closed == 1
    assert found.totals.resolution.means == Means(1, 120, 60)
    assert by_operator(found) == {"Carla Ruiz": (1, 0), "Martín Sosa": (0, 1)}
    assert [each.closed for each in found.days if each.closed] == [1]


def test_closed_in_one_period_and_again_in_the_next_counts_in_both(session: Session, scene: Scene):
    scene.received(
        "05-04 09:00", ("05-29 10:00", scene.martin, "05-30 09:00"), ("06-02 10:00", scene.carla, None)
    )
    may, june = made(session), made(session, JUNE)
    assert (may.totals.closed, may.totals.reopened, may.totals.open_at_end) == (1, 1, 1)
    assert (june.totals.closed, june.totals.reopened, june.totals.open_at_end) == (1, 0, 0)
    assert (may.totals.resolution.median, june.totals.resolution.median) == (60, 120)
    assert by_operator(may) == {"Martín Sosa": (1, 1)}
    assert by_operator(june) == {"Carla Ruiz": (1, 0)}


def test_reopened_twice_counts_once_to_who_had_closed_it_last(session: Session, scene: Scene):
    scene.received(
        "05-04 09:00",
        ("05-05 10:00", scene.martin, "05-06 09:00"),
        ("05-07 10:00", scene.carla, "05-08 09:00"),
        ("05-09 10:00", scene.martin, "06-02 09:00"),
    )
    may, june = made(session), made(session, JUNE)
    assert may.totals.reopened == june.totals.reopened == 1
    assert by_operator(may) == {"Martín Sosa": (1, 0), "Carla Ruiz": (0, 1)}
    assert by_operator(june) == {"Martín Sosa": (0, 1)}
    assert (may.totals.open_at_end, june.totals.open_at_end) == (0, 1)


def test_within_one_quarter_of_an_hour_everything_still_counts_once(session: Session, scene: Scene):
    scene.received(
        "05-31 23:45", ("05-31 23:45", scene.martin, "05-31 23:45"), ("05-31 23:45", scene.carla, None)
    )
    totals = made(session).totals
    assert (totals.received, totals.closed, totals.reopened, totals.open_at_end) == (1, 1, 1, 0)


def test_what_closes_by_itself_is_of_nobody_and_who_has_no_name_is_an_address(session: Session, scene: Scene):
    scene.martin.name = ""
    scene.received("05-04 09:00", ("05-05 10:00", None, "05-06 10:00"))
    scene.received("05-04 09:00", ("05-05 10:00", scene.martin, None))
    operators = [(each.user_id, each.name, each.closed, each.reopened) for each in made(session).operators]
    assert operators == [(None, "", 1, 1), (scene.martin.id, "martin.sosa@sysmo.example", 1, 0)]


def test_companies_are_those_of_today_and_people_of_none_stand_together(session: Session, scene: Scene):
    for requester in (scene.laura, scene.laura, scene.pedro, scene.nadie):
        scene.received("05-04 09:00", ("05-05 10:00", scene.martin, None), by=requester)
    scene.received("04-04 09:00", ("05-05 10:00", scene.martin, None), by=scene.nadie)
    groups = [(each.id, each.name, each.received, each.closed) for each in made(session).companies]
    assert groups == [
        (scene.andina.id, "Distribuidora Andina S.A.", 2, 2),
        (NO_COMPANY, "", 1, 2),
        (scene.litoral.id, "Litoral S.R.L.", 1, 1),
    ]


def test_the_median_is_the_one_in_the_middle_or_the_mean_of_both(session: Session, scene: Scene):
    for minutes in (10, 1000, 31):
        scene.received("05-04 09:00", ("05-05 10:00", scene.martin, None), minutes=minutes)
    odd = made(session).totals.resolution
    assert (odd.median, odd.work_median, odd.means.mean) == (31, 15, Fraction(1041, 3))
    scene.received("05-04 09:00", ("05-05 10:00", scene.martin, None), minutes=20)
    even = made(session).totals.resolution
    assert (even.median, even.work_median) == (Fraction(51, 2), Fraction(25, 2))


def test_an_hour_of_the_week_is_the_local_one_before_and_after_clocks_change(session: Session, scene: Scene):
    madrid = ZoneInfo("Europe/Madrid")
    scene.received("03-27 05:00")  # 09:00 there, a Friday; on Sunday their clocks go forward
    scene.received("03-29 05:30")  # 10:30, that very Sunday
    scene.received("04-03 05:00")  # 10:00, the Friday after
    week = made(session, Period(date(2026, 3, 1), date(2026, 4, 30)), zone=madrid).hours
    hours = {(day, hour): cases for day, row in enumerate(week) for hour, cases in enumerate(row) if cases}
    assert hours == {(4, 9): 1, (6, 10): 1, (4, 10): 1}


def test_a_filter_by_topic_or_company_narrows_every_figure_and_list(session: Session, scene: Scene):
    for topic, requester in ((scene.billing, scene.laura), (scene.access, scene.pedro)):
        for closings in ((), (("05-05 10:00", scene.martin, "05-06 10:00"),)):
            answered = ("05-04 10:00", scene.carla, 60)
            scene.received("05-04 09:00", *closings, topic=topic, by=requester, answered=answered)
    for filters in (Filters(topic=scene.access.id), Filters(company=scene.litoral.id)):
        found = made(session, filters=filters)
        totals = found.totals
        assert (totals.received, totals.closed, totals.reopened, totals.open_at_end) == (2, 1, 1, 2)
        assert (totals.first_answer.means.cases, sum(map(sum, found.hours))) == (2, 2)
        assert [each.id for each in found.topics] == [scene.access.id]
        assert [each.id for each in found.companies] == [scene.litoral.id]
        assert by_operator(found) == {"Martín Sosa": (1, 1)}
        assert sum(each.received for each in found.channels) == sum(each.received for each in found.days) == 2
    assert made(session, filters=Filters(company=NO_COMPANY)).totals.received == 0
    neither = Filters(topic=scene.access.id, company=scene.andina.id)
    assert made(session, filters=neither).totals == Totals(0, 0, 0, 0, Times(), Times())


def test_of_an_operator_is_what_they_have_answered_first_or_closed(session: Session, scene: Scene):
    martin, carla = scene.martin, scene.carla
    scene.received("05-04 09:00", assignee=martin, answered=("05-04 10:00", carla, 60))
    scene.received("05-04 09:00", ("05-05 10:00", carla, "05-06 10:00"), assignee=martin)
    scene.received("05-04 09:00", ("05-05 10:00", martin, None), ("05-07 10:00", carla, None), assignee=carla)
    found = {each.id: made(session, filters=Filters(operator=each.id)).totals for each in (martin, carla)}
    assert [(each.received, each.open_at_end) for each in found.values()] == [(2, 2), (1, 0)]
    assert [(each.closed, each.reopened) for each in found.values()] == [(0, 0), (2, 1)]
    assert [each.first_answer.means.cases for each in found.values()] == [0, 1]
    assert by_operator(made(session, filters=Filters(operator=carla.id))) == {"Carla Ruiz": (2, 1)}


def test_what_is_compared_is_asked_the_same(session: Session, scene: Scene):
    scene.received("05-04 09:00", topic=scene.access)
    scene.received("06-04 09:00", topic=scene.billing)
    filters = Filters(topic=scene.access.id)
    report = figures.make(session, asked(JUNE, filters, against=MAY), zone=ZONE)
    assert report.before is not None
    assert (report.now.totals.received, report.before.totals.received) == (0, 1)
    assert (report.now.period, report.before.period) == (JUNE, MAY)
    assert figures.make(session, asked(JUNE), zone=ZONE).before is None
    assert not report.counted  # nobody has counted this help desk yet
