"""The cookies of this role and their rules (invariants W6): who is signed in, whose form it is, a notice."""

import base64
import binascii
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway import tokens
from gateway.catalogue import LANGUAGES
from gateway.rules.people import Theme

_SESSION = "sysmo-session"
_KEPT = "sysmo-kept"
_VISIT = "sysmo-visit"
_NOTICE = "sysmo-notice"
_LANGUAGE = "sysmo-language"
_THEME = "sysmo-theme"
_NOTICE_SECONDS = 60
_TASTE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookies:
    """`secure`: base_url is https, so the browser keeps them to this very host (prefix `__Host-`)."""

    secure: bool

    def session(self, request: Request) -> str | None:
        """The token of the session a browser claims to be in."""
        return request.cookies.get(self._name(_SESSION))

    def remember_session(self, response: Response, token: str, seconds: int | None) -> None:
        """Keep somebody signed in; without seconds until the browser is closed."""
        self._set(response, _SESSION, token, seconds)
        if seconds is not None:
            self._set(response, _KEPT, "1", seconds)
        else:
            self._delete(response, _KEPT)

    def is_kept(self, request: Request) -> bool:
        """Whether the session of this browser outlives its closing, as its owner asked."""
        return self._name(_KEPT) in request.cookies

    def forget_session(self, response: Response) -> None:
        self._delete(response, _SESSION)
        self._delete(response, _KEPT)

    def visit(self, request: Request) -> str | None:
        """The random name of a browser where nobody is signed in, which its forms hang on."""
        return request.cookies.get(self._name(_VISIT))

    def remember_visit(self, response: Response, name: str) -> None:
        self._set(response, _VISIT, name, None)

    def language(self, request: Request) -> str | None:
        """The language this browser was told, or None; who is signed in has their own."""
        found = request.cookies.get(self._name(_LANGUAGE))
        return found if found in LANGUAGES else None

    def remember_language(self, response: Response, language: str) -> None:
        self._set(response, _LANGUAGE, language, _TASTE_SECONDS)

    def theme(self, request: Request) -> Theme:
        """The colours of pages where nobody is signed in: those of whoever was last."""
        found = request.cookies.get(self._name(_THEME), "")
        return Theme(found) if found in set(Theme) else Theme.SYSTEM

    def remember_theme(self, response: Response, theme: Theme) -> None:
        self._set(response, _THEME, theme, _TASTE_SECONDS)

    def notice(self, request: Request, secret: bytes) -> str:
        """What the last action had to say, signed so that nobody else puts words in our mouth."""
        encoded, _, signature = request.cookies.get(self._name(_NOTICE), "").partition(".")
        ours = tokens.sign(secret, _NOTICE, encoded).encode()
        if not encoded or not hmac.compare_digest(ours, signature.encode("utf-8", "replace")):
            return ""
        try:
            return base64.urlsafe_b64decode(encoded).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def remember_notice(self, response: Response, notice: str, secret: bytes) -> None:
        encoded = base64.urlsafe_b64encode(notice.encode()).decode("ascii")
        self._set(response, _NOTICE, f"{encoded}.{tokens.sign(secret, _NOTICE, encoded)}", _NOTICE_SECONDS)

    def forget_notice(self, request: Request, response: Response) -> None:
        if self._name(_NOTICE) in request.cookies:
            self._delete(response, _NOTICE)

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(self._name(name), path="/", secure=self.secure, httponly=True, samesite="lax")
