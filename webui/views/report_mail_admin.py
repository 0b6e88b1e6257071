"""Administration of the monthly report: whether it goes out, when, and one for oneself right now."""

from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.people import User
from gateway.rules.monthly import FIRST_DAY, LAST_DAY, LAST_HOUR, Schedule
from gateway.rules.people import Access, Role
from gateway.rules.periods import last_month
from gateway.services import blobs, monthly_report, report_mail, settings
from gateway.services.report_mail import Prepared
from webui.endpoint import action, find_visitor, form_of, page, prepared_of
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, web_of, zone_of

PATH = "/admin/informe"
NONE = -1
"""For what is no number: the service refuses it as it does a wrong one."""


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    schedule = monthly_report.schedule(session)
    filled = {"activo": "1" if schedule.on else "", "dia": str(schedule.day), "hora": str(schedule.hour)}
    return _shown(request, session, Form(filled))


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    fields = form_of(request)
    day, hour = (number_in(fields, name) for name in ("dia", "hora"))
    wanted = Schedule(
        on=bool(fields.get("activo")),
        day=NONE if day is None else day,
        hour=NONE if hour is None else hour,
    )
    site = web_of(request).desk.site.name
    monthly_report.change(session, wanted, zone_of(request), site, by=person_of(request), now=now_of(request))
    return redirect(request, PATH, notice=_("Saved. Above it says when the next one goes out."))


async def _prepared(request: Request) -> Prepared | None:
    """The report of last month in the language of who asks; None for who may not have it."""
    runtime, now = web_of(request).runtime, now_of(request)

    def make() -> Prepared | None:
        with runtime.db.snapshot() as session:
            visitor = find_visitor(request, session)
            if visitor is None or visitor.person.role is not Role.ADMIN:
                return None
            desk = settings.current(session, web_of(request).desk)
            month = last_month(now.astimezone(ZoneInfo(desk.site.timezone)).date())
            made = report_mail.prepare(session, desk, month, {visitor.language}, now=now)
        blobs.place(runtime.blobs, made.contents)
        return made

    return await runtime.db.in_thread(make)


@action(Access.ADMIN, prepare=_prepared, once=True)
def send_now(request: Request, session: Session) -> Response:
    """To oneself, whatever is set; it does not count as this month's."""
    made, person = prepared_of(request), session.get(User, person_of(request).user_id)
    if made is None or person is None:
        raise NotFound("report")
    report_mail.send_to(session, web_of(request).desk, made, [person], now=now_of(request))
    return redirect(request, PATH, notice=_("It is on its way to your address."))


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    return shown(
        request,
        session,
        "report_mail_admin.html",
        status=status,
        form=filled,
        next=monthly_report.next_moment(session, zone_of(request), now=now_of(request)),
        on=monthly_report.schedule(session).on,
        days=[(day, str(day)) for day in range(FIRST_DAY, LAST_DAY + 1)],
        hours=[(hour, f"{hour}:00") for hour in range(LAST_HOUR + 1)],
    )
