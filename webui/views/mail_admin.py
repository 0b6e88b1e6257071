"""The state of the mail: first what needs a person, then every door, then what waits for a decision."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.rules.mailbox_errors import mailbox_error
from gateway.rules.people import Access
from gateway.services import attention, held_mail, mail_health, trouble
from gateway.services.held_mail import HeldPage
from webui.after import UNATTENDED_HEADER, nobody_there
from webui.endpoint import page, prepared_of
from webui.forms import Form, Problem
from webui.mail_reading import MailReading
from webui.views.administration import key_of, shown
from webui.web import now_of, web_of

PATH = "/admin/correo"


async def held_with_subjects(request: Request) -> tuple[HeldPage, dict[int, str]]:
    """The held mail of a page and what each is about, read where it can do no harm."""
    runtime = web_of(request).runtime
    reading: MailReading = request.app.state.mail_reading

    def look() -> HeldPage:
        with runtime.db.snapshot() as session:
            return held_mail.listed(session, runtime.blobs, before=key_of(request.query_params.get("antes")))

    found = await runtime.db.in_thread(look)
    heads = {line.id: (line.head, line.arrival) for line in found.lines}
    return found, dict(await reading.subjects(heads))


@page(Access.ADMIN, prepare=held_with_subjects)
def show_mail(request: Request, session: Session) -> Response:
    if UNATTENDED_HEADER in request.headers:
        nobody_there(request)
    return _shown(request, session, Form())


def show_again(request: Request, session: Session, error: Invalid) -> Response:
    """The same page after what could not be done."""
    problem = Problem("contenido", error.sentence, error.values)
    return _shown(request, session, Form({}, (problem,)), status=422)


def _shown(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    config, now = web_of(request).runtime.config, now_of(request)
    found, subjects = prepared_of(request)
    configured = {name: each.address or each.username for name, each in config.imap.items()}
    since = _midnight(now, ZoneInfo(config.site.timezone))
    return shown(
        request,
        session,
        "mail.html",
        status=status,
        form=form,
        health=mail_health.look(session, configured, listens=config.smtp.enabled, since=since, now=now),
        mailbox_error=mailbox_error,
        listener=f"{config.smtp.host}:{config.smtp.port}",
        relay=config.mailer.host,
        held=found,
        held_total=attention.set_aside(session).held,
        held_long=attention.held_since(session, now - attention.HELD_LONG),
        held_days=attention.HELD_LONG.days,
        subjects=subjects,
        first="antes" not in request.query_params,
        unread=trouble.unread(session),
        unsent=trouble.unsent(session),
    )


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When today began where the site is."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
