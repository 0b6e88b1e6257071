"""A reply or an internal comment, sent from the page of a request."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.rules.people import Access, is_staff
from gateway.services import writing
from gateway.services.writing import Draft, Written
from webui.endpoint import action, files_of, form_of
from webui.spoken import spoken
from webui.views.ticket import INTERNAL, REPLY, came_back, seen_in, within
from webui.web import now_of, person_of, redirect, web_of

_NAMES = 3
"""People named in a notice; the page says who the others are."""


@action(Access.SIGNED_IN, again=came_back, uploads=True, once=True)
def send(request: Request, session: Session) -> Response:
    """The form of a client has no kind: it is a reply. An operator's without one is a doubt (T11)."""
    number, person, fields = request.path_params["number"], person_of(request), form_of(request)
    kind = fields.get("tipo", "" if is_staff(person.role) else REPLY)
    draft = Draft(
        text=fields.get("texto", ""),
        files=files_of(request),
        internal=kind == INTERNAL,
        close="cerrar" in fields,
        seen=seen_in(fields),
    )
    written = writing.write(session, web_of(request).desk, number, person, draft, now=now_of(request))
    if written.as_operator and kind not in (INTERNAL, REPLY):
        raise Invalid("tipo", _("Choose whether it is a reply or an internal comment."))
    return redirect(
        request, f"/solicitudes/{written.number}{within(request)}", notice=_notice(request, written, draft)
    )


def _notice(request: Request, written: Written, draft: Draft) -> str:
    if written.continues:
        return _("The request was closed for good, so we opened this one, which goes on from it.")
    if not written.as_operator:
        return _("We got your reply.")
    if draft.internal:
        return _("Your internal comment is saved; only operators see it.")
    to = ", ".join(written.to[:_NAMES]) + (" …" if len(written.to) > _NAMES else "")
    if draft.close:
        return spoken(request, _("Your reply was sent to {names} and the request is closed."), names=to)
    return spoken(request, _("Your reply was sent to {names}."), names=to)
