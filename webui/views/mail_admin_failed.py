"""Mail that did not reach its end, one by one or all of it: another try, or nobody's worry any more."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.rules.people import Access
from gateway.services import failed_mail
from gateway.services.ledger import Box, MailId
from webui.endpoint import action
from webui.views.mail_admin import PATH, held_with_subjects, show_again
from webui.web import now_of, person_of, redirect, web_of


@action(Access.ADMIN, once=True, again=show_again, prepare_again=held_with_subjects)
def retry_in(request: Request, session: Session) -> Response:
    wanted = MailId(Box.IN, request.path_params["id"])
    failed_mail.retry(session, wanted, by=person_of(request), now=now_of(request))
    return redirect(request, PATH, notice=_("It is back in line and will be read again."))


@action(Access.ADMIN, once=True, again=show_again, prepare_again=held_with_subjects)
def discard_in(request: Request, session: Session) -> Response:
    wanted = MailId(Box.IN, request.path_params["id"])
    failed_mail.discard(session, wanted, by=person_of(request), now=now_of(request))
    return redirect(
        request, PATH, notice=_("Discarded. It is kept, and sysmo mail retry still tries it again.")
    )


@action(Access.ADMIN, once=True, again=show_again, prepare_again=held_with_subjects)
def retry_out(request: Request, session: Session) -> Response:
    wanted = MailId(Box.OUT, request.path_params["id"])
    failed_mail.retry(session, wanted, by=person_of(request), now=now_of(request))
    return redirect(request, PATH, notice=_("It is back in line and will be sent again."))


@action(Access.ADMIN, once=True)
def retry_all(request: Request, session: Session) -> Response:
    tried, left = failed_mail.retry_all(session, by=person_of(request), now=now_of(request))
    if not tried and not left:
        notice = _("There was nothing to send again.")
    elif not left:
        notice = _("All of them are back in line.")
    else:
        notice = _("They are back in line, but for those whose recipients may not see the request any more.")
    return redirect(request, PATH, notice=notice)


@action(Access.ADMIN, once=True, again=show_again, prepare_again=held_with_subjects)
def give_up(request: Request, session: Session) -> Response:
    wanted = MailId(Box.OUT, request.path_params["id"])
    desk = web_of(request).desk
    failed_mail.give_up(session, desk, wanted, by=person_of(request), now=now_of(request))
    return redirect(request, PATH, notice=_("It is not tried any more. It stays in the activity log."))
