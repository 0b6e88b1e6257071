"""One site and one browser for all tests of a process; each test runs in the browser's thread."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Chromium, found
from tests.browser.site import PEOPLE, Site
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test of this folder where Playwright may be used."""
    chromium = pyfuncitem.funcargs.get("chromium")
    if not isinstance(chromium, Chromium):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    chromium.run(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    found()
    chromium = Chromium()
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def site(
    chromium: Chromium, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The demo's help desk. Pages are the same on both engines: what differs is beneath the services."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(sqlite_template, folder / "sysmo.db")
    with Site(folder, f"sqlite:///{folder}/sysmo.db") as site:
        site.fill()
        yield site


@pytest.fixture(scope="session")
def states(chromium: Chromium, site: Site) -> dict[str, Any]:
    """The cookies of everybody who is signed in: passwords are slow on purpose, so each is given once."""

    def of(email: str | None) -> Any:
        if email is None:
            return None
        visitor = Visitor(chromium, site)
        visitor.sign_in(email)
        state = visitor.context.storage_state()
        visitor.close()
        return state

    return {who: chromium.run(of, email) for who, email in PEOPLE.items()}


@pytest.fixture
def visit(chromium: Chromium, site: Site, states: dict[str, Any]) -> Iterator[Visit]:
    """Open a window: `visit("operator", width=PHONE, dark=True, script=False)`."""
    opened: list[Visitor] = []

    def new(who: str = "anonymous", *, where: Site | None = None, **values: Any) -> Visitor:
        state = states[who] if where is None else None
        opened.append(Visitor(chromium, where or site, state=state, **values))
        return opened[-1]

    yield new
    for visitor in opened:
        chromium.run(visitor.close)
