"""A report and the requests behind it → the tables of its files, in the language of who reads them."""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import TypeVar

from gateway.catalogue import Translator, _, label
from gateway.rules import changes
from gateway.services.reporting import totals
from gateway.services.reporting.beside import Count, Mean, Things
from gateway.services.reporting.definitions import DEFINITIONS
from gateway.services.reporting.reader import Named, Reader
from gateway.services.reporting.report import (
    ByChannel,
    ByGroup,
    ByOperator,
    Figures,
    Means,
    Report,
    Step,
)
from gateway.services.reporting.table import Column, Kind, Row, Table, Typed, Value, text

T = TypeVar("T")


def tables(report: Report, named: Named, reader: Reader) -> list[Table]:
    """Return every table of the figures; that of the requests is `request_table.table`."""
    say, now, before = reader.say, report.now, report.before
    operators, channels = _operators(say), _channels(say)
    topics = _groups(_("Topics"), _("Topic"), say)
    companies = _groups(_("Companies"), _("Company"), say)
    return [
        _summary(report, named, reader),
        _days(report, say),
        operators.table(say, now.operators, before.operators if before else None),
        topics.table(say, now.topics, before.topics if before else None),
        companies.table(say, now.companies, before.companies if before else None),
        channels.table(say, now.channels, before.channels if before else None),
        _hours(now, reader),
        definitions(say),
    ]


def definitions(say: Translator) -> Table:
    """What each figure counts."""
    columns = [Column(say(_("Figure")), Kind.TEXT), Column(say(_("What it counts")), Kind.TEXT)]
    rows: list[Row] = [[say(figure), say(words)] for figure, words in DEFINITIONS]
    return Table(say(_("Definitions")), columns, rows)


def _summary(report: Report, named: Named, reader: Reader) -> Table:
    say = reader.say
    columns = [Column(say(_("Figure")), Kind.TEXT), Column(say(_("Unit")), Kind.TEXT)]
    columns.append(Column(say(_("Value")), Kind.COUNT))
    if report.before is not None:
        columns.append(Column(say(_("Before")), Kind.COUNT))
        columns.append(Column(say(_("Difference")), Kind.COUNT))
        columns.append(Column(say(_("Change")), Kind.PERCENT))
    rows = [_summary_row(line, say, compared=report.before is not None) for line in totals.all_lines(report)]
    return Table(say(_("Summary")), columns, rows, above=list(_asked(report, named, reader)))


def _summary_row(line: totals.Line, say: Translator, *, compared: bool) -> Row:
    length, gap = (Kind.MINUTES, Kind.MORE_MINUTES) if line.timed else (Kind.COUNT, Kind.COUNT)
    unit = say(_("hours")) if line.timed else say(_("requests"))
    row: list[Value | Typed] = [say(line.title), unit, Typed(length, line.now)]
    if compared:
        more = Typed(gap, totals.difference(line.now, line.before))
        row += [Typed(length, line.before), more, totals.percent(line.change)]
    return row


def _asked(report: Report, named: Named, reader: Reader) -> Iterator[Row]:
    """What the report is about, above its first table."""
    say = reader.say
    yield [text(say(_("Site"))), text(named.site)]
    yield [text(say(_("Period"))), text(reader.words.days(report.asked.period))]
    if report.before is not None:
        yield [text(say(_("Compared with"))), text(reader.words.days(report.before.period))]
    filters = ((_("Topic"), named.topic), (_("Operator"), named.operator), (_("Company"), named.company))
    for title, value in filters:
        if value is not None:
            yield [text(say(title)), text(value)]
    yield [text(say(_("Made on"))), Typed(Kind.MOMENT, reader.clock(reader.now))]
    if not report.counted:
        yield [text(say(_("Not everything is counted yet: some figures may still change.")))]


def _days(report: Report, say: Translator) -> Table:
    columns = _day_columns(say, "{title}")
    days: list[Row] = [_day_cells(each) for each in report.now.days]
    if report.before is not None:
        columns += _day_columns(say, say(_("Compared with: {title}")))
        nothing: Row = [None] * len(_day_cells(None))
        pairs = zip_longest(report.now.days, report.before.days)
        days = [[*(_day_cells(now) if now else nothing), *_day_cells(before)] for now, before in pairs]
    return Table(say(_("By day")), columns, days)


def _day_columns(say: Translator, form: str) -> list[Column]:
    titles = (
        (_("Day"), Kind.DATE),
        (_("Received requests"), Kind.COUNT),
        (_("Closed requests"), Kind.COUNT),
        (_("Mean resolution"), Kind.MINUTES),
        (_("Mean resolution, in working hours"), Kind.MINUTES),
    )
    return [Column(form.format(title=say(title)), kind) for title, kind in titles]


def _day_cells(step: Step | None) -> Row:
    if step is None:
        return [None] * 5
    means = step.resolution
    return [step.period.first, step.received, step.closed, means.mean, means.work_mean]


def _hours(figures: Figures, reader: Reader) -> Table:
    say = reader.say
    columns = [Column(say(_("Received by weekday and hour")), Kind.TEXT)]
    columns += [Column(f"{hour:02}:00", Kind.COUNT) for hour in range(24)]
    rows: list[Row] = [[reader.words.weekday(number), *hours] for number, hours in enumerate(figures.hours)]
    return Table(say(_("By hour")), columns, rows)


def _operators(say: Translator) -> Things[ByOperator]:
    return Things(
        name=_("Operators"),
        thing=_("Operator"),
        key=lambda each: each.user_id,
        named=lambda each: each.name if each.user_id is not None else say(_("Closed by themselves")),
        measures=[
            Count(_("Closed requests"), lambda each: each.closed, changes.CLOSED),
            *_means(lambda each: each.resolution),
            Count(_("Reopened"), lambda each: each.reopened, changes.REOPENED),
        ],
    )


def _groups(name: str, thing: str, say: Translator) -> Things[ByGroup]:
    def named(each: ByGroup) -> str:
        return each.name or say(_("No company"))

    return Things(
        name=name,
        thing=thing,
        key=lambda each: each.id,
        named=named,
        measures=[
            Count(_("Received requests"), lambda each: each.received, changes.RECEIVED),
            Count(_("Closed requests"), lambda each: each.closed, changes.CLOSED),
            *_means(lambda each: each.resolution),
        ],
    )


def _channels(say: Translator) -> Things[ByChannel]:
    return Things(
        name=_("Channels"),
        thing=_("Channel"),
        key=lambda each: each.channel,
        named=lambda each: label(say, "channel", each.channel),
        measures=[Count(_("Received requests"), lambda each: each.received, changes.RECEIVED)],
    )


def _means(value: Callable[[T], Means]) -> list[Mean[T]]:
    return [
        Mean(_("Mean resolution"), value, lambda means: means.mean),
        Mean(_("Mean resolution, in working hours"), value, lambda means: means.work_mean),
    ]
