"""The real application on a runtime, and browsers to visit it with."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from gateway.models.people import User
from gateway.runtime import Runtime
from gateway.services import passwords, web_sessions
from tests.conftest import NOW
from webui.app import create_app
from webui.rendering import Compiled

BASE = "http://127.0.0.1:8000"
PASSWORD = "tres tristes tigres"
COMPILED = Compiled()
PASSWORD_HASH = passwords.hash_password(PASSWORD)
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Clock:
    """The time the application sees; a test moves it on."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.now


class Browser(TestClient):
    """A browser: says where its forms come from, keeps cookies, follows no redirect by itself."""

    def __init__(self, app: Any, peer: str = "127.0.0.1", **values: Any) -> None:
        super().__init__(
            app, BASE, follow_redirects=False, client=(peer, 50000), raise_server_exceptions=False, **values
        )

    def send_form(self, path: str, fields: dict[str, str], *, page: str | None = None) -> Any:
        """Load the page the form is on and send it, as a person does."""
        token = CSRF.search(self.get(page or path).text)
        sent = {"csrf": token[1] if token else "", **fields}
        return self.post(path, data=sent, headers={"Sec-Fetch-Site": "same-origin"})

    def enter(self, runtime: Runtime, email: str) -> None:
        """Be signed in, without the tenth of a second that a password takes."""
        with runtime.db.transaction() as session:
            user = session.execute(select(User).where(col(User.email) == email)).scalar_one()
            token = web_sessions.start(session, user, now=runtime.now())
        self.cookies.set("sysmo-session", token, domain="127.0.0.1", path="/")

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> Any:
        return self.send_form("/ingresar", {"email": email, "clave": password, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web_runtime(make_runtime: Callable[..., Runtime], clock: Clock) -> Runtime:
    return make_runtime(now=clock)


@pytest.fixture
def app(web_runtime: Runtime) -> Iterator[Any]:
    made = create_app(web_runtime, compiled=COMPILED)
    yield made
    made.state.thumbnails.close()


@pytest.fixture
def browse(app: Any, web_runtime: Runtime) -> Iterator[Callable[..., Browser]]:
    """Open a new browser, signed in if given an address."""
    opened: list[Browser] = []

    def new(email: str | None = None, *, peer: str = "127.0.0.1") -> Browser:
        browser = Browser(app, peer)
        browser.__enter__()
        opened.append(browser)
        if email is not None:
            browser.enter(web_runtime, email)
        return browser

    yield new
    for browser in opened:
        browser.__exit__(None, None, None)


def with_password(**values: Any) -> dict[str, Any]:
    """Fields of a user who can sign in."""
    return {"password_hash": PASSWORD_HASH, **values}


__all__ = ["BASE", "PASSWORD", "PASSWORD_HASH", "Browser", "Clock", "User", "with_password"]
