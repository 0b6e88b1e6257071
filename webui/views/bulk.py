"""Something done to the requests that were ticked in a list; what cannot be taken back is asked once more."""

from collections.abc import Iterable
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.rules.people import Access
from gateway.services import bulk
from gateway.services.bulk import Bulk, Left, Report, Wanted
from gateway.services.conversation import LARGEST_NUMBER
from webui.endpoint import action, form_of, page, values_of
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.spoken import spoken
from webui.views.inbox import INBOX, inbox_page
from webui.web import now_of, person_of, redirect, show, web_of
from webui.wishes import place_of, wish_of

ASKED_ONCE_MORE = (Bulk.CLOSE, Bulk.REASSIGN)
NAMED = 12
"""Requests named in a notice, of each reason."""

_DONE = {
    Bulk.TAKE: (_("1 request is assigned to you now."), _("{count} requests are assigned to you now.")),
    Bulk.REASSIGN: (_("1 request was reassigned."), _("{count} requests were reassigned.")),
    Bulk.CLOSE: (_("1 request was closed."), _("{count} requests were closed.")),
    Bulk.READ: (_("1 request is marked as read."), _("{count} requests are marked as read.")),
    Bulk.UNREAD: (_("1 request is marked as unread."), _("{count} requests are marked as unread.")),
}
_LEFT = {
    Left.ABSENT: _("They do not exist or are not yours to answer: {numbers}."),
    Left.CLOSED: _("Closed already: {numbers}."),
    Left.HAD: _("Assigned so already: {numbers}."),
    Left.TAKEN: _("Assigned to somebody else, reassign them if you want: {numbers}."),
}


@page(Access.OPERATOR)
def ask(request: Request, session: Session) -> Response:
    """The numbers stand in the address, since looking changes nothing."""
    wanted = _bulk(request.query_params.get("accion"))
    numbers = _numbers(request.query_params.get("s", "").split(","))
    return _asked(request, session, wanted, numbers, Form())


def _again(request: Request, session: Session, error: Invalid) -> Response:
    if error.field == "s":
        return inbox_page(request, session, error, status=422)
    numbers = _numbers(values_of(request, "s"))
    wanted = _bulk(form_of(request).get("accion"))
    return _asked(request, session, wanted, numbers, refused(form_of(request), error), status=422)


@action(Access.OPERATOR, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    """The address is that of the list, so that its very page comes back."""
    fields, numbers = form_of(request), _numbers(values_of(request, "s"))
    wanted = Wanted(_bulk(fields.get("accion")), to=number_in(fields, "operador"), tell="avisar" in fields)
    if wanted.bulk in ASKED_ONCE_MORE and "confirmado" not in fields and numbers:
        asked = urlencode(
            {"accion": wanted.bulk, "s": ",".join(map(str, numbers[: bulk.AT_ONCE + 1]))}, safe=","
        )
        return redirect(request, f"/bandeja/confirmar?{asked}&{_list_path(request).partition('?')[2]}")
    desk, person = web_of(request).desk, person_of(request)
    report = bulk.do(session, desk, person, wanted, numbers, now=now_of(request))
    return redirect(request, _list_path(request), notice=_told(request, wanted.bulk, report))


def _asked(
    request: Request, session: Session, wanted: Bulk, numbers: list[int], form: Form, *, status: int = 200
) -> Response:
    if wanted not in ASKED_ONCE_MORE:
        raise NotFound("question")
    found = bulk.chosen(session, person_of(request), numbers)
    if not found:
        raise NotFound("requests")
    return show(
        request,
        "bulk.html",
        status=status,
        form=form,
        wanted=wanted,
        chosen=found,
        lacking=len(set(numbers)) - len(found),
        colleagues=bulk.colleagues(session) if wanted is Bulk.REASSIGN else (),
        list_path=_list_path(request),
    )


def _told(request: Request, done: Bulk, report: Report) -> str:
    one, many = _DONE[done]
    if report.changed:
        sentences = [spoken(request, one if report.changed == 1 else many, count=report.changed)]
    else:
        sentences = [spoken(request, _("No request was changed."))]
    for reason in Left:
        numbers = report.left.get(reason, ())
        if numbers:
            named = ", ".join(f"#{number}" for number in numbers[:NAMED]) + (
                " …" if len(numbers) > NAMED else ""
            )
            sentences.append(spoken(request, _LEFT[reason], numbers=named))
    return " ".join(sentences)


def _list_path(request: Request) -> str:
    query = request.query_params
    return INBOX.of(wish_of(query, INBOX.bare), place_of(query))


def _bulk(given: str | None) -> Bulk:
    for each in Bulk:
        if each.value == given:
            return each
    raise HTTPException(400)


def _numbers(given: Iterable[str]) -> list[int]:
    """The numbers among the values, each once."""
    found = (number_in({"s": each}, "s") for each in given)
    return sorted({min(number, LARGEST_NUMBER) for number in found if number is not None})
