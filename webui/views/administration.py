"""What pages of administration share: tabs, with how much mail waits for a person; lists found by words."""

from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gateway.rules.people import Role
from gateway.services import attention, folded_search
from gateway.services.conversation import LARGEST_NUMBER
from webui.numbers import number_in
from webui.web import person_of, show


class Found(Protocol):
    """One page of a list. `after` leads on: to the next page, or, when the search stopped, further."""

    @property
    def lines(self) -> Sequence[object]: ...

    @property
    def after(self) -> int | None: ...


def shown(
    request: Request, session: Session, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """Answer with a page that extends admin.html."""
    is_administrator = person_of(request).role is Role.ADMIN  # an operator may see some of the held mail
    to_review = attention.to_review(session) if is_administrator else 0
    return show(request, template, status=status, to_review=to_review, **values)


def list_shown(
    request: Request, session: Session, template: str, find: Callable[[str, int | None], Found]
) -> HTMLResponse:
    """Answer with a page of a list; `find` gives it for words and the key it begins after."""
    query, after = words_of(request), key_of(request.query_params.get("antes"))
    found, kept = find(query, after), {"q": query} if query else {}

    def path(**more: str) -> str:
        return f"{request.url.path}?{urlencode(kept | more)}".rstrip("?")

    return shown(
        request,
        session,
        template,
        q=query,
        lines=found.lines,
        first=after is None,
        first_path=path(),
        next_path=path(antes=str(found.after)) if found.after is not None else None,
    )


def words_of(request: Request) -> str:
    """What somebody looks for in a list, as the address has it."""
    return request.query_params.get("q", "")[: folded_search.QUERY_CHARACTERS]


def key_of(text: str | None) -> int | None:
    """Read the key of a page; anything else is the first one."""
    key = number_in({"key": text or ""}, "key")
    return min(key, LARGEST_NUMBER) if key is not None else None
