"""Administration of the company's working hours: the week, national holidays, days off of its own."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, InvalidForm
from gateway.rules.days_off import national
from gateway.rules.people import Access
from gateway.rules.working_time import Span, WorkingHours
from gateway.services import working_hours
from webui.endpoint import action, form_of, page, values_of
from webui.forms import Form, refused
from webui.hours_form import DAY_CHARACTERS, STRETCH, day_text, days_off_text, read_day, read_days_off
from webui.spoken import spoken, translator_of
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, zone_of

PATH = "/admin/horario"
DAYS = {
    "lunes": "monday",
    "martes": "tuesday",
    "miercoles": "wednesday",
    "jueves": "thursday",
    "viernes": "friday",
    "sabado": "saturday",
    "domingo": "sunday",
}
"""The fields of the week, and what the catalogues call each day."""

HOLIDAYS, WORKED, DAYS_OFF = "feriados", "trabajados", "libres"


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    hours = working_hours.load(session)
    stretch = translator_of(request)(STRETCH)
    week = {name: day_text(spans, stretch) for name, spans in zip(DAYS, hours.days, strict=True)}
    filled = {**week, HOLIDAYS: "1" if hours.holidays else "", DAYS_OFF: days_off_text(hours.free)}
    return _shown(request, Form(filled), session, hours, [day.isoformat() for day in hours.worked])


def _again(request: Request, session: Session, error: Invalid) -> Response:
    filled, ticked = refused(form_of(request), error), values_of(request, WORKED)
    return _shown(request, filled, session, working_hours.load(session), ticked, status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    hours = _read(request, working_hours.load(session))
    working_hours.save(session, hours, by=person_of(request), now=now_of(request))
    return redirect(
        request, PATH, notice=_("Saved. The times of reports are worked out again in a few minutes.")
    )


def _read(request: Request, before: WorkingHours) -> WorkingHours:
    """The hours as they were written; every problem at once."""
    fields, ticked = form_of(request), values_of(request, WORKED)
    problems: list[Invalid] = []
    days: list[tuple[Span, ...]] = []
    free: tuple[tuple[date, str], ...] = ()
    for name, key in DAYS.items():
        try:
            days.append(read_day(fields.get(name, ""), name, spoken(request, f"day-name.{key}")))
        except Invalid as problem:
            problems.append(problem)
    try:
        free = read_days_off(fields.get(DAYS_OFF, ""), DAYS_OFF)
    except Invalid as problem:
        problems.append(problem)
    if not problems and not any(days):
        problems.append(Invalid("lunes", _("Write the hours of one day at least.")))
    if problems:
        raise InvalidForm(problems)
    worked = tuple(day for day in _holidays(request, before) if day.isoformat() in ticked)
    return WorkingHours(tuple(days), bool(fields.get(HOLIDAYS)), free, worked)


def _holidays(request: Request, hours: WorkingHours) -> dict[date, str]:
    """The national holidays there are to tick: of this year and the next, and any that was ticked before."""
    year = now_of(request).astimezone(zone_of(request)).year
    names = {day: national(day.year).get(day, "") for day in hours.worked}
    return dict(sorted({**names, **national(year), **national(year + 1)}.items()))


def _calendar(
    request: Request, hours: WorkingHours, ticked: Sequence[str]
) -> Iterator[tuple[int, bool, list[tuple[date, str]]]]:
    """The holidays by year; this one's are open, and those with a tick among them."""
    this = now_of(request).astimezone(zone_of(request)).year
    for year, found in groupby(_holidays(request, hours).items(), lambda each: each[0].year):
        days = list(found)
        yield year, year == this or any(day.isoformat() in ticked for day, _name in days), days


def _shown(
    request: Request,
    filled: Form,
    session: Session,
    hours: WorkingHours,
    ticked: Sequence[str],
    *,
    status: int = 200,
) -> Response:
    return shown(
        request,
        session,
        "hours_admin.html",
        status=status,
        form=filled,
        week=DAYS,
        day_characters=DAY_CHARACTERS,
        calendar=_calendar(request, hours, ticked),
        ticked=ticked,
        zone=zone_of(request).key,
    )
