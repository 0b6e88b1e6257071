"""Administration of operators and administrators. Whoever changes one gave their password just now (W6)."""

from collections.abc import Iterable, Mapping

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.rules.people import Access, Role
from gateway.services import team, team_lists, topic_lists
from gateway.services.team_lists import Member
from webui.endpoint import action, form_of, page, values_of
from webui.forms import Form, Problem, refused
from webui.views.administration import shown
from webui.web import now_of, person_of, redirect, web_of

PATH = "/admin/operadores"
ROLES: Mapping[str, Role] = {"operador": Role.OPERATOR, "administrador": Role.ADMIN}
"""What a form calls a role; a client is none of the team."""


@page(Access.ADMIN)
def every(request: Request, session: Session) -> Response:
    return shown(request, session, "team_admin.html", members=team_lists.every(session))


@page(Access.ADMIN, sensitive=True)
def new_form(request: Request, session: Session) -> Response:
    return _new(request, session, Form({"rol": "operador"}), ())


def _again_new(request: Request, session: Session, error: Invalid) -> Response:
    return _new(request, session, refused(form_of(request), error), _chosen(request), status=422)


@action(Access.ADMIN, again=_again_new, once=True, sensitive=True)
def add(request: Request, session: Session) -> Response:
    fields = form_of(request)
    user = team.add(
        session,
        web_of(request).desk,
        email=fields.get("email", ""),
        name=fields.get("nombre", ""),
        role=_role(fields),
        topic_ids=_chosen(request),
        convert=bool(fields.get("convertir")),
        by=person_of(request),
        now=now_of(request),
    )
    if user.password_hash is None:
        return redirect(
            request, PATH, notice=_("The account is made. An e-mail to set the password goes out.")
        )
    return redirect(request, PATH, notice=_("The account is of the team now. Its password stays as it was."))


@page(Access.ADMIN, sensitive=True)
def form(request: Request, session: Session) -> Response:
    return _as_it_is(request, session)


def _again(request: Request, session: Session, error: Invalid) -> Response:
    member = _member(request, session)
    filled = refused(form_of(request), error)
    return _edit(request, session, member, filled, _chosen(request), status=422)


@action(Access.ADMIN, again=_again, once=True, sensitive=True)
def change(request: Request, session: Session) -> Response:
    fields, member = form_of(request), _member(request, session)
    role = member.role if member.id == person_of(request).user_id and "rol" not in fields else _role(fields)
    team.change(
        session,
        member.id,
        name=fields.get("nombre", ""),
        role=role,
        topic_ids=_chosen(request),
        by=person_of(request),
        now=now_of(request),
    )
    return redirect(request, PATH, notice=_("Saved."))


def _again_as_it_is(request: Request, session: Session, error: Invalid) -> Response:
    return _as_it_is(request, session, refused({}, error).problems, status=422)


@action(Access.ADMIN, again=_again_as_it_is, once=True, sensitive=True)
def enable(request: Request, session: Session) -> Response:
    team.enable(session, request.path_params["member"], by=person_of(request), now=now_of(request))
    return redirect(request, f"{PATH}/{request.path_params['member']}", notice=_("The account is enabled."))


@action(Access.ADMIN, again=_again_as_it_is, once=True, sensitive=True)
def reset(request: Request, session: Session) -> Response:
    person = request.path_params["member"]
    team.reset(session, web_of(request).desk, person, by=person_of(request), now=now_of(request))
    return redirect(
        request, f"{PATH}/{person}", notice=_("An e-mail with a link to set the password goes out.")
    )


def _member(request: Request, session: Session) -> Member:
    """The member of the team that the address names."""
    return team_lists.one(session, request.path_params["member"])


def _role(fields: Mapping[str, str]) -> Role:
    role = ROLES.get(fields.get("rol", ""))
    if role is None:
        raise Invalid("role", _("Choose operator or administrator."))
    return role


def _chosen(request: Request) -> list[int]:
    """The topics that were ticked, by id; what is no number of ours was made up."""
    given = dict.fromkeys(values_of(request, "tematicas"))
    if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in given):
        raise NotFound("topic")
    return [int(each) for each in given]


def _as_it_is(
    request: Request, session: Session, problems: tuple[Problem, ...] = (), *, status: int = 200
) -> Response:
    member = _member(request, session)
    role = next(word for word, role in ROLES.items() if role is member.role)
    filled = Form({"nombre": member.name, "rol": role}, problems)
    return _edit(request, session, member, filled, member.topic_ids, status=status)


def _new(
    request: Request, session: Session, filled: Form, ticked: Iterable[int], *, status: int = 200
) -> Response:
    return shown(
        request,
        session,
        "team_new.html",
        status=status,
        form=filled,
        topics=topic_lists.names(session),
        ticked=frozenset(ticked),
        asks=filled.problem("convertir") is not None or filled.value("convertir"),
    )


def _edit(
    request: Request,
    session: Session,
    member: Member,
    filled: Form,
    ticked: Iterable[int],
    *,
    status: int = 200,
) -> Response:
    return shown(
        request,
        session,
        "team_member.html",
        status=status,
        form=filled,
        member=member,
        topics=topic_lists.names(session),
        ticked=frozenset(ticked),
        own=member.id == person_of(request).user_id,
    )
