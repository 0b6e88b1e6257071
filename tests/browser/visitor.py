"""Somebody with a browser: what they see, and what goes wrong where they do not look."""

import re
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

from tests.browser.chromium import PATIENCE, Chromium
from tests.browser.site import Site
from tests.webui.conftest import PASSWORD

DESK, PHONE, NARROWEST = 1280, 390, 320
HEIGHT = 900
EXPECTED = re.compile(r"the server responded with a status of (?:400|404|422)")
"""What the console says of an answer that is no mistake of the page."""

AXE = "() => axe.run(document, {resultTypes: ['violations']})"
OPEN_ALL = "() => { for (const each of document.querySelectorAll('details')) each.open = true; }"
CLOSE_ALL = "() => { for (const each of document.querySelectorAll('details')) each.open = false; }"
WIDER = """() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const scrolls = e => e && e !== document.body &&
        (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
    const found = [...document.body.querySelectorAll('*')].filter(
        e => e.getBoundingClientRect().right > room + 1 && !scrolls(e.parentElement));
    return ['page', ...found.slice(0, 4).map(e => e.outerHTML.slice(0, 120))];
}"""
"""What reaches beyond the window, if the page scrolls sideways; what scrolls inside a box of its own may."""


class Visitor:
    """A browser window of its own, with its cookies. To be used in the browser's thread."""

    def __init__(
        self,
        chromium: Chromium,
        site: Site,
        *,
        width: int = DESK,
        dark: bool = False,
        script: bool = True,
        bypass_csp: bool = False,
        state: Any = None,
    ) -> None:
        self.site = site
        self.script = script
        self.problems: list[str] = []
        self.foreign: list[str] = []
        self.context: BrowserContext = chromium.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            bypass_csp=bypass_csp,
            reduced_motion="reduce",
            locale="es-AR",
            timezone_id="America/Argentina/Buenos_Aires",
            storage_state=state,
            base_url=site.url,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.route(self._is_foreign, self._refuse)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.problems.append(f"script: {error.error.message}"))
        self.context.on("request", self._asked)
        self.page: Page = self.context.new_page()

    def sign_in(self, email: str) -> None:
        """Through the form, as everybody."""
        self.page.goto("/ingresar")
        self.page.fill("[name=email]", email)
        self.page.fill("[name=clave]", PASSWORD)
        self.page.click("main button[type=submit], main form button:not([type=button])")
        assert urlsplit(self.page.url).path != "/ingresar", self.page.inner_text("main")

    def go(self, path: str) -> int:
        """Open a page; return its status."""
        answer = self.page.goto(path, wait_until="load")
        return answer.status if answer else 0

    def size(self, width: int, *, dark: bool) -> None:
        """Turn the window, or the lights."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")

    def has_details(self) -> bool:
        return self.page.locator("details").count() > 0

    def open_all(self) -> None:
        self.page.evaluate(OPEN_ALL)

    def close_all(self) -> None:
        self.page.evaluate(CLOSE_ALL)

    def violations(self) -> list[str]:
        """What axe finds, a line for each element. It is a script: where none runs it would wait for ever."""
        if not self.script:
            return []
        if not self.page.evaluate("() => typeof axe === 'object'"):
            self.page.evaluate(AXE_SCRIPT)
        found = self.page.evaluate(AXE)["violations"]
        return [
            f"axe {each['id']} ({each['impact']}): {node['html'][:160]} – {node['failureSummary'][:200]!r}"
            for each in found
            for node in each["nodes"][:3]
        ]

    def overflow(self, width: int) -> list[str]:
        """What makes the page scroll sideways in a window that wide."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        return [f"wider than {width} px: {each}" for each in self.page.evaluate(WIDER)]

    def close(self) -> None:
        self.context.close()

    def _is_foreign(self, url: str) -> bool:
        return not url.startswith((self.site.url, "data:", "blob:", "about:"))

    def _refuse(self, route: Route) -> None:
        self.foreign.append(route.request.url)
        route.abort()

    def _asked(self, request: Request) -> None:
        if self._is_foreign(request.url):
            self.foreign.append(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            self.problems.append(f"console: {message.text[:300]}")
