"""One held mail: all that is needed to decide, and deciding (T4, T16)."""

from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.addresses import Address
from gateway.mail.one_line import one_line
from gateway.mail.reading import Reading
from gateway.rules.people import Access, Role
from gateway.services import held_mail
from gateway.services.held import Acceptance
from gateway.services.held_mail import HeldMail, Way
from webui.endpoint import action, form_of, page, prepared_of
from webui.forms import Form, Problem
from webui.mail_reading import MailReading
from webui.views.administration import shown
from webui.views.mail_admin import PATH
from webui.web import now_of, person_of, redirect, web_of

SENDERS_SHOWN = 5
LINES_SHOWN = 40
LINE_CHARACTERS = 400
FILES_SHOWN = 50
NUMBER_DIGITS = 9
FIELDS = {"person": "persona", "solicitud": "solicitud"}
"""What services/held calls a field → what the page does; anything else concerns the mail."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a mail says, as much of it as helps to decide; plain text, whatever it was."""

    subject: str
    claimed: tuple[str, ...]
    verdict: str
    verdict_reason: str
    text: str
    more: bool
    files: tuple[tuple[str, int], ...]


async def said(request: Request) -> Said | None:
    """Have a mail read that is still held; None when it is not, or cannot be read."""
    runtime, person, entry_id = web_of(request).runtime, person_of(request), request.path_params["id"]
    reading: MailReading = request.app.state.mail_reading

    def look() -> held_mail.Raw | None:
        with runtime.db.snapshot() as session:
            return held_mail.raw(session, runtime.blobs, entry_id, person)

    found = await runtime.db.in_thread(look)
    understood = await reading.whole(*found) if found is not None else None
    return _shortened(understood) if understood is not None else None


@page(Access.OPERATOR, prepare=said)
def show_held(request: Request, session: Session) -> Response:
    return _shown(request, session, Form())


def _again(request: Request, session: Session, error: Invalid) -> Response:
    problem = Problem(FIELDS.get(error.field, "correo"), error.sentence, error.values)
    return _shown(request, session, Form(dict(form_of(request)), (problem,)), status=422)


@action(Access.OPERATOR, once=True, again=_again, prepare_again=said)
def accept(request: Request, session: Session) -> Response:
    person, form = person_of(request), form_of(request)
    mail = held_mail.accept(
        session,
        web_of(request).desk,
        request.path_params["id"],
        _wish(request),
        seen=form.get("visto", ""),
        by=person,
        now=now_of(request),
    )
    back = f"/solicitudes/{mail.ticket}" if person.role is not Role.ADMIN else PATH
    return redirect(request, back, notice=_("Accepted. It goes where you said in a moment."))


@action(Access.OPERATOR, once=True, again=_again, prepare_again=said)
def discard(request: Request, session: Session) -> Response:
    entry_id, person = request.path_params["id"], person_of(request)
    seen = form_of(request).get("visto", "")
    held_mail.discard(session, entry_id, seen=seen, by=person, now=now_of(request))
    back = PATH if person.role is Role.ADMIN else f"{PATH}/retenidos/{entry_id}"
    return redirect(request, back, notice=_("Discarded. It is kept, and can still be accepted."))


def _wish(request: Request) -> Acceptance:
    form = form_of(request)
    match form.get("destino"):
        case "nueva":
            return Acceptance(as_new=True)
        case "candidata":
            return Acceptance(person="persona" in form)
        case "otra":
            number = form.get("solicitud", "").strip().removeprefix("#")
            if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS):
                raise Invalid("solicitud", _("Write the number of the request, such as 1042."))
            return Acceptance(ticket=int(number), person="persona" in form)
        case _:
            raise Invalid("destino", _("Choose what the e-mail becomes."))


def _shown(request: Request, session: Session, form: Form, status: int = 200) -> Response:
    mail: HeldMail = held_mail.find(session, request.path_params["id"], person_of(request))
    return shown(
        request,
        session,
        "held_mail.html",
        status=status,
        form=form,
        mail=mail,
        said=prepared_of(request),
        Way=Way,
        effects=held_mail.EFFECTS,
    )


def _written(address: Address) -> str:
    shown = f"{address.name} <{address.email}>" if address.name else address.email
    return one_line(shown, LINE_CHARACTERS)


def _shortened(reading: Reading) -> Said:
    lines = reading.text.splitlines()
    return Said(
        subject=one_line(reading.subject, LINE_CHARACTERS),
        claimed=tuple(_written(each) for each in reading.claimed[:SENDERS_SHOWN]),
        verdict=reading.verdict,
        verdict_reason=reading.verdict_reason,
        text="\n".join(line[:LINE_CHARACTERS] for line in lines[:LINES_SHOWN]),
        more=len(lines) > LINES_SHOWN or any(len(line) > LINE_CHARACTERS for line in lines[:LINES_SHOWN]),
        files=tuple(
            (one_line(each.filename, 200), len(each.content)) for each in reading.attachments[:FILES_SHOWN]
        ),
    )
