"""Fills in a form of a page as a browser does: its hidden fields go along, whatever else is given too."""

from html.parser import HTMLParser
from typing import Any

from tests.webui.conftest import Browser


class _Forms(HTMLParser):
    """The hidden fields of each form, by where the form goes."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        if tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1][given["name"]] = given.get("value", "")


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the first form of a page that goes there."""
    forms = _Forms()
    forms.feed(page)
    return next(fields for goes, fields in forms.forms if goes == action)


def fill(browser: Browser, page: str, action: str, fields: dict[str, str] | None = None, **more: Any) -> Any:
    """Load a page, fill in the form on it that goes to `action`, and send it."""
    return send(browser, action, hidden(browser.get(page).text, action) | (fields or {}), **more)


def send(browser: Browser, action: str, fields: dict[str, str], **more: Any) -> Any:
    """Send a form, as from a page of ours."""
    return browser.post(action, data=fields, headers={"Sec-Fetch-Site": "same-origin"}, **more)
