"""The monthly report: to every active administrator, in their language, once however many workers (E11)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from io import BytesIO
from threading import Barrier, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlmodel import Session

from gateway.errors import Invalid
from gateway.mail.compose import Composed, Part, assemble
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.queues import Blob, OutboxItem, OutboxState, Purpose
from gateway.models.site import AuditEntry
from gateway.outbound import scheduler
from gateway.outbound.scheduler import work_off
from gateway.rules.changes import Change, ChangeKind
from gateway.rules.monthly import Schedule
from gateway.rules.people import Role, Sender, UserStatus
from gateway.runtime import Runtime
from gateway.services import blobs, monthly_report, recounting, report_mail, still_allowed, upkeep
from tests.conftest import ONE_ENGINE
from tests.factories import make_operator, sender_of
from tests.queues import Clock
from tests.services.reporting.scene import Scene
from webui.asking import asked_of

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")
EARLY, EIGHT = (datetime(2026, 6, 1, hour, 0, tzinfo=UTC) for hour in (10, 11))
JOBS = {"send-monthly-report": scheduler.JOBS["send-monthly-report"]}


@dataclass
class Site:
    """An installation with two administrators and some requests of May, and a clock to set."""

    make_runtime: Callable[..., Runtime]
    clock: Clock
    runtime: Runtime

    def look(self, **values: Any) -> None:
        """A scheduler looks for what is due now, whenever it looked last."""
        self.clock.forward(minutes=15)
        work_off(self.runtime, JOBS)

    def at(self, moment: datetime) -> "Site":
        self.clock.time = moment - timedelta(minutes=15)
        return self

    def mails(self) -> list[EmailMessage]:
        """Everything in the outbox, whole."""
        with self.runtime.db.snapshot() as session:
            rows = session.execute(select(table_of(OutboxItem)).order_by(table_of(OutboxItem).c.id)).all()
            return [self._mail(session, row) for row in rows]

    def _mail(self, session: Session, row: Any) -> EmailMessage:
        parts = tuple(Part(header.encode(), sha256) for header, sha256 in row.parts)
        raw = assemble(
            Composed(row.head, parts, row.tail),
            lambda sha256: blobs.read(session, self.runtime.blobs, sha256),
        )
        return BytesParser(policy=default).parsebytes(raw)


@pytest.fixture
def site(make_runtime: Callable[..., Runtime]) -> Site:
    clock = Clock(EARLY)
    made = Site(
        make_runtime, clock, make_runtime('[site]\nname = "Mesa Andina"', now=clock, worker="one/1/1")
    )
    with made.runtime.db.transaction() as session:
        scene = Scene(session)
        make_operator(session, "ada@sysmo.example", name="Ada", role=Role.ADMIN)
        make_operator(session, "grace@sysmo.example", name="Grace", role=Role.ADMIN, language="en")
        scene.received("05-04 09:30", ("05-05 10:00", scene.martin, None), minutes=564)
        scene.received("05-06 09:30")
        scene.received("04-06 09:30")
        counted(session)
    return made


def counted(session: Session) -> None:
    """Say that all is counted, as when the scheduler has made it anew."""
    recounting._say(session, recounting._DONE, recounting.working_hours.stamp(session, ZONE), now=EARLY)


def sheet_of(mail: EmailMessage) -> Any:
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "reportes-2026-05-01-a-2026-05-31.xlsx"
    return load_workbook(BytesIO(file.get_content()))


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_every_administrator_gets_it_in_their_language(site: Site) -> None:
    site.at(EIGHT).look()
    ada, grace = site.mails()
    assert (ada["To"], ada["Subject"]) == ("Ada <ada@sysmo.example>", "Mesa Andina: informe de mayo de 2026")
    assert (grace["To"], grace["Subject"]) == (
        "Grace <grace@sysmo.example>",
        "Mesa Andina: report of May 2026",
    )
    assert (ada["Auto-Submitted"], ada["Reply-To"]) == ("auto-generated", None)
    assert ada["X-Sysmo-Loop"]
    for kind in ("plain", "html"):
        text = text_of(ada, kind)
        assert "abril de 2026" in text
        assert "antes" in text
    text = text_of(ada)
    assert "Recibidas: 2 (1 más, antes 1)" in text
    assert "Cerradas: 1 (antes: 0)" in text
    assert "Resolución media: 9 h 24 min (antes: sin datos)" in text
    assert "Mean resolution: 9 h 24 min (before: no data)" in text_of(grace)
    assert sheet_of(ada)["Resumen"]["C7"].value == 2
    assert sheet_of(ada)["Solicitudes"].max_row == 3
    assert sheet_of(grace).sheetnames[0] == "Summary"


def test_its_link_leads_to_the_same_figures(site: Site) -> None:
    site.at(EIGHT).look()
    (line,) = [line for line in text_of(site.mails()[0]).splitlines() if "/reportes?" in line]
    query = dict(parse_qsl(urlsplit(line.partition(": ")[2]).query))
    asked = asked_of(query, today=date(2026, 6, 1))
    assert (asked.period.first, asked.period.last) == (date(2026, 5, 1), date(2026, 5, 31))
    assert asked.against is not None
    assert (asked.against.first, asked.against.last) == (date(2026, 4, 1), date(2026, 4, 30))


def test_it_goes_out_once_and_not_before_its_hour(site: Site) -> None:
    site.at(EIGHT - timedelta(minutes=1)).look()
    assert site.mails() == []
    for _ in range(3):
        site.look()
    assert len(site.mails()) == 2
    site.at(EIGHT + timedelta(days=20)).look()
    assert len(site.mails()) == 2
    site.at(EIGHT + timedelta(days=30)).look()
    assert [each["Subject"] for each in site.mails()[2:]] == [
        "Mesa Andina: informe de junio de 2026",
        "Mesa Andina: report of June 2026",
    ]


def test_a_machine_that_was_off_sends_it_later_but_no_month_that_is_long_gone(site: Site) -> None:
    site.at(datetime(2026, 8, 17, 12, 0, tzinfo=UTC)).look()
    assert {each["Subject"] for each in site.mails()} == {
        "Mesa Andina: informe de julio de 2026",
        "Mesa Andina: report of July 2026",
    }


def test_two_workers_at_once_make_one_set_of_mails(site: Site) -> None:
    site.at(EIGHT)
    site.clock.forward(minutes=15)
    barrier = Barrier(2)
    runtimes = [site.runtime, site.make_runtime(now=site.clock, worker="other/1/1")]

    def work(runtime: Runtime) -> None:
        barrier.wait()
        work_off(runtime, JOBS)

    threads = [Thread(target=work, args=[each]) for each in runtimes]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(site.mails()) == 2


def test_who_lost_the_lease_while_making_it_sends_nothing(site: Site) -> None:
    """Both made it, and each would send: the second one finds the month marked."""
    site.at(EIGHT)
    site.clock.forward(minutes=15)
    scheduler.JOBS["send-monthly-report"](site.runtime, lambda session: None)
    scheduler.JOBS["send-monthly-report"](site.runtime, lambda session: None)
    assert len(site.mails()) == 2


def test_a_crash_before_the_commit_loses_and_doubles_nothing(site: Site) -> None:
    def die(session: Session) -> None:
        raise KeyboardInterrupt

    site.at(EIGHT)
    site.clock.forward(minutes=15)
    with pytest.raises(KeyboardInterrupt):
        scheduler.JOBS["send-monthly-report"](site.runtime, die)
    assert site.mails() == []
    site.look()
    assert len(site.mails()) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"status": UserStatus.DISABLED}, ["grace"], id="disabled"),
        pytest.param({"role": Role.OPERATOR}, ["grace"], id="an operator now"),
        pytest.param({"silent_until": EIGHT + timedelta(days=1)}, ["grace"], id="gets no automatic mail"),
        pytest.param({"name": ""}, ["ada", "grace"], id="as before"),
    ],
)
@ONE_ENGINE
def test_whom_it_goes_to(site: Site, change: dict[str, Any], told: list[str]) -> None:
    alter(site, **change)
    site.at(EIGHT).look()
    assert [each["To"].addresses[0].username for each in site.mails()] == told


def alter(site: Site, **change: Any) -> None:
    with site.runtime.db.transaction() as session:
        person = table_of(User).c
        session.execute(update(User).where(person.email == "ada@sysmo.example").values(**change))


@ONE_ENGINE
@pytest.mark.parametrize(
    ("change", "allowed"),
    [({}, True), ({"role": Role.OPERATOR}, False), ({"status": UserStatus.DISABLED}, False)],
)
def test_who_is_no_administrator_any_more_when_it_is_sent_gets_none(
    site: Site, change: dict[str, Any], allowed: bool
) -> None:
    site.at(EIGHT).look()
    if change:
        alter(site, **change)
    with site.runtime.db.snapshot() as session:
        item = table_of(OutboxItem).c
        number = session.execute(select(item.id).where(item.recipient == "ada@sysmo.example")).scalar_one()
        assert still_allowed.is_one(session, number) is allowed
        assert (number in still_allowed.among(session, [number])) is allowed


@ONE_ENGINE
def test_while_requests_are_still_being_counted_it_waits(site: Site) -> None:
    with site.runtime.db.transaction() as session:
        recounting._say(session, recounting._DONE, "other hours", now=EARLY)
    site.at(EIGHT).look()
    assert site.mails() == []
    with site.runtime.db.transaction() as session:
        counted(session)
    site.look()
    assert len(site.mails()) == 2


@ONE_ENGINE
def test_a_month_before_the_first_request_has_no_report(make_runtime: Callable[..., Runtime]) -> None:
    clock = Clock(EIGHT)
    site = Site(make_runtime, clock, make_runtime(now=clock))
    with site.runtime.db.transaction() as session:
        scene = Scene(session)
        make_operator(session, "ada@sysmo.example", role=Role.ADMIN)
        counted(session)
        assert monthly_report.next_moment(session, ZONE, now=EIGHT) is None
        scene.received("06-01 00:00")
    site.look()
    assert site.mails() == []
    site.at(EIGHT + timedelta(days=30)).look()
    assert len(site.mails()) == 1


@ONE_ENGINE
def test_nobody_to_tell_is_tried_again(site: Site) -> None:
    with site.runtime.db.transaction() as session:
        session.execute(update(User).values(silent_until=EIGHT + timedelta(days=1)))
    site.at(EIGHT).look()
    assert site.mails() == []
    site.at(EIGHT + timedelta(days=2)).look()
    assert len(site.mails()) == 2


@ONE_ENGINE
def test_a_spreadsheet_too_large_for_a_mail_is_a_link(site: Site) -> None:
    clock = site.clock
    small = site.make_runtime("[mail]\nattach_max_bytes = 1000", now=clock, worker="one/1/1")
    replace(site, runtime=small).at(EIGHT).look()
    mail = site.mails()[0]
    assert list(mail.iter_attachments()) == []
    assert "/reportes.xlsx?desde=2026-05-01&hasta=2026-05-31&comparar=fechas" in text_of(mail)


def test_its_spreadsheet_stays_until_its_mail_is_out_and_no_longer(site: Site) -> None:
    site.at(EIGHT).look()
    weeks = EIGHT + timedelta(days=60)
    for state, kept in ((OutboxState.QUEUED, 2), (OutboxState.FAILED, 2), (OutboxState.SENT, 0)):
        with site.runtime.db.transaction() as session:
            session.execute(update(OutboxItem).values(state=state))
            unused = upkeep.unused_blobs(session)
            everything = list(session.execute(select(table_of(Blob).c.sha256)).scalars())
            upkeep.sweep_blobs(session, unused, weeks)
            upkeep.sweep_blobs(session, everything, weeks)
        with site.runtime.db.snapshot() as session:
            assert len(session.execute(select(table_of(Blob).c.sha256)).all()) == kept, state


@pytest.fixture
def ada(session: Session) -> Iterator[Sender]:
    return sender_of(make_operator(session, "ada@sysmo.example", role=Role.ADMIN))


def test_when_it_goes_out_is_set_on_a_page(session: Session, ada: Sender) -> None:
    assert monthly_report.schedule(session) == Schedule(on=True, day=1, hour=8)
    for _ in range(2):
        monthly_report.change(session, Schedule(True, 5, 0), ZONE, "Mesa", by=ada, now=EIGHT)
    assert monthly_report.schedule(session) == Schedule(True, 5, 0)
    noted = session.execute(select(table_of(AuditEntry).c.detail)).scalars()
    assert list(noted) == [{"report_mail": True, "report_day": 5, "report_hour": 0}]


@pytest.mark.parametrize(
    ("day", "hour", "field"), [(0, 8, "day"), (29, 8, "day"), (1, 24, "hour"), (1, -1, "hour")]
)
def test_no_other_day_or_hour_can_be_set(
    session: Session, ada: Sender, day: int, hour: int, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        monthly_report.change(session, Schedule(True, day, hour), ZONE, "Mesa", by=ada, now=EIGHT)
    assert refused.value.field == field


@ONE_ENGINE
def test_what_fell_due_while_it_was_off_is_not_sent_when_it_is_switched_on(site: Site, now: datetime) -> None:
    def switch(on: bool, day: int = 1) -> None:
        with site.runtime.db.transaction() as session:
            by = sender_of(session.execute(select(User)).scalars().first() or User())
            monthly_report.change(session, Schedule(on, day, 8), ZONE, "Mesa", by=by, now=site.clock.time)

    site.at(EARLY)
    switch(False)
    site.at(EIGHT).look()
    site.at(EIGHT + timedelta(days=9))
    switch(True)
    site.look()
    assert site.mails() == []
    with site.runtime.db.snapshot() as session:
        expected = datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
        assert monthly_report.next_moment(session, ZONE, now=site.clock.time) == expected


@ONE_ENGINE
def test_an_earlier_day_that_has_passed_sends_this_months_at_once(site: Site) -> None:
    with site.runtime.db.transaction() as session:
        by = sender_of(session.execute(select(User)).scalars().first() or User())
        monthly_report.change(session, Schedule(True, 20, 8), ZONE, "Mesa", by=by, now=EARLY)
        monthly_report.change(session, Schedule(True, 1, 8), ZONE, "Mesa", by=by, now=EIGHT)
    site.at(EIGHT).look()
    assert len(site.mails()) == 2


@pytest.mark.parametrize(
    ("change", "timed", "expected"),
    [
        pytest.param(Change(ChangeKind.PERCENT, 12, up=True), False, "12 % más, antes 1.234", id="percent"),
        pytest.param(Change(ChangeKind.PERCENT, 14), True, "14 % menos, antes 20 h 34 min", id="time"),
        pytest.param(Change(ChangeKind.DIFFERENCE, 65), True, "1 h 5 min menos, antes 20 h 34 min", id="few"),
        pytest.param(Change(ChangeKind.SAME), False, "igual que antes", id="same"),
        pytest.param(None, False, "", id="not compared"),
    ],
)
def test_a_change_in_words(change: Change | None, timed: bool, expected: str) -> None:
    line = report_mail.Line("Received requests", timed, 1, 1234, change)
    say = report_mail.translator("es")
    assert report_mail._change(line, report_mail.ReportWords("es", say), say) == expected


def test_reports_are_of_their_own_purpose(site: Site) -> None:
    site.at(EIGHT).look()
    with site.runtime.db.snapshot() as session:
        rows = session.execute(select(table_of(OutboxItem))).all()
    assert {(row.purpose, row.resend, row.ticket_id, row.envelope_from) for row in rows} == {
        (Purpose.REPORT, False, None, "")
    }
