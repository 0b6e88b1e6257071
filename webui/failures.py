"""The page for whatever went wrong: what happened in one sentence, and where to go from there."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from webui.cookies import Cookies
from webui.rendering import Rendering

_TITLES = {
    400: _("This request can't be understood"),
    403: _("The form is no longer valid"),
    404: _("There is nothing here"),
    405: _("This can't be done here"),
    413: _("This is too large"),
    422: _("Something in the form is not right"),
    500: _("Something failed on our side"),
}
_ADVICE = {
    403: _("Go back, reload the page and send it again."),
    404: _("The page does not exist, or your account can't see it."),
    500: _("It was written down. If it happens again, tell us this code: {identifier}"),
}


class Failures:
    """Makes the error pages. They ask no database, so they work when it is away."""

    def __init__(self, rendering: Rendering, cookies: Cookies) -> None:
        self._rendering, self._cookies = rendering, cookies

    def page(self, request: Request, status: int, identifier: str = "") -> Response:
        """Return the page for a status; `identifier` names the line in the log."""
        known = status if status in _TITLES else (500 if status >= 500 else 400)
        values = {
            "title": _TITLES[known],
            "advice": _ADVICE.get(known, ""),
            "identifier": identifier,
            "csrf": "",
            "person": None,
            "theme": self._cookies.theme(request),
        }
        page = self._rendering.render("failure.html", self._cookies.language(request), values)
        return Response(page, status, media_type="text/html")

    async def answer(self, request: Request, error: Exception) -> Response:
        """Starlette's handler of an HTTPException."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = self.page(request, status)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response
