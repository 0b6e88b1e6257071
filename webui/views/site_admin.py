"""Administration of the site itself: its name, and how its mail is connected."""

from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.config import Config
from gateway.errors import Invalid
from gateway.rules.people import Access
from gateway.services import settings
from webui.endpoint import action, form_of, page
from webui.forms import Form, refused
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, web_of

PATH = "/admin/sitio"
_EXAMPLE = "example.com"


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox as the configuration names it."""

    name: str
    host: str
    username: str


@dataclass(frozen=True, slots=True)
class Connected:
    """What the configuration says of mail, without a secret. `example`: nobody set the address yet."""

    address: str
    domain: str
    reply_address: str
    example: bool
    boxes: tuple[Box, ...]
    listens: str
    relay: str
    folder: str


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    return _shown(request, session, Form({"sitio": web_of(request).desk.site.name}))


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    site = web_of(request).runtime.config.site
    name = form_of(request).get("sitio", "")
    settings.name_site(session, site, name, by=person_of(request), now=now_of(request))
    return redirect(request, PATH, notice=_("Saved. Pages and e-mail say the new name from now on."))


@page(Access.ADMIN)
def connect(request: Request, session: Session) -> Response:
    web = web_of(request)
    return shown(
        request,
        session,
        "connect_mail.html",
        mail=connected(web.runtime.config),
        beginning="inicio" in request.query_params,
    )


def connected(config: Config) -> Connected:
    """What is set now."""
    smtp, mailer = config.smtp, config.mailer
    host = f"[{smtp.host}]" if ":" in smtp.host else smtp.host
    domain = config.mail.address.rpartition("@")[2]
    return Connected(
        address=config.mail.address,
        domain=domain,
        reply_address=config.mail.reply_address,
        example=domain == _EXAMPLE,
        boxes=tuple(Box(name, each.host, each.username) for name, each in config.imap.items()),
        listens=f"{host}:{smtp.port}" if smtp.enabled else "",
        relay=f"{mailer.host}:{mailer.port}" if mailer.transport == "smtp" else "",
        folder=mailer.folder.name,
    )


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    fixed = settings.is_fixed(web_of(request).runtime.config.site)
    return shown(request, session, "site_admin.html", status=status, form=filled, fixed=fixed)
