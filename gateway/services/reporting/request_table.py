"""The requests of a report as a table: those that were received or closed in its period."""

from collections.abc import Iterable, Iterator

from gateway.catalogue import _, label
from gateway.services.reporting.reader import Reader
from gateway.services.reporting.request_rows import RequestRow
from gateway.services.reporting.table import Column, Kind, Row, Table, Value, text

MOST = 20_000
"""Longer lists nobody reads; a file that is cut says so."""


def table(requests: Iterable[RequestRow], reader: Reader, *, most: int = MOST) -> Table:
    """Return the table of these requests, made row by row as it is written; one beyond `most` cuts it."""
    say = reader.say
    columns = [Column(say(title), kind) for title, kind in _columns()]
    return Table(say(_("Requests")), columns, _rows(requests, reader, most))


def _rows(requests: Iterable[RequestRow], reader: Reader, most: int) -> Iterator[Row]:
    for place, request in enumerate(requests):
        if place == most:
            more = reader.say(
                _("There are more: this list ends at {count} requests. Choose a shorter period.")
            )
            yield [text(more.format(count=reader.words.count(most)))]
            return
        yield _cells(request, reader)


def _cells(request: RequestRow, reader: Reader) -> list[Value]:
    closed_by = request.closed_by
    if request.closed_at is not None and not closed_by:
        closed_by = reader.say(_("By itself"))
    return [
        request.number,
        request.subject,
        request.requester,
        request.company,
        request.topic,
        request.assignee,
        label(reader.say, "channel", request.channel),
        reader.clock(request.received_at),
        reader.clock(request.answered_at),
        reader.clock(request.closed_at),
        closed_by,
        request.answer_minutes,
        request.answer_work_minutes,
        request.minutes,
        request.work_minutes,
    ]


def _columns() -> tuple[tuple[str, Kind], ...]:
    return (
        (_("Number"), Kind.NUMBER),
        (_("Subject"), Kind.TEXT),
        (_("Requester"), Kind.TEXT),
        (_("Company"), Kind.TEXT),
        (_("Topic"), Kind.TEXT),
        (_("Assigned to"), Kind.TEXT),
        (_("Channel"), Kind.TEXT),
        (_("Received on"), Kind.MOMENT),
        (_("First answered on"), Kind.MOMENT),
        (_("Closed on"), Kind.MOMENT),
        (_("Closed by"), Kind.TEXT),
        (_("Until the first answer"), Kind.MINUTES),
        (_("Until the first answer, in working hours"), Kind.MINUTES),
        (_("Until it was closed"), Kind.MINUTES),
        (_("Until it was closed, in working hours"), Kind.MINUTES),
    )
