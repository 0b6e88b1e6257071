"""Nothing that strangers write runs, and no page asks another host for anything (W11, W12, C12).

The policy of the pages would stop a script, too; it is put out of force here, so that only escaping helps.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import hostile
from tests.browser.chromium import Chromium
from tests.browser.conftest import Visit
from tests.browser.pages import Sight, sights
from tests.browser.site import CLIENT, PEOPLE, Site
from tests.browser.visitor import Visitor
from tests.webui.payloads import HTML, TEXTS

TOPIC = "facturacion@sysmo.example"
HARMLESS = ("/salir", "/idioma", "/cuenta/sesiones", "/cuenta/clave")
"""Forms that are not filled: they end the visit."""

FORMS = (
    """() => [...document.querySelectorAll('form[method=post]')].map(form => form.getAttribute('action'))"""
)
FILL = """([action, payloads]) => {
    const form = [...document.forms].find(form => form.getAttribute('action') === action);
    const written = ['text', 'email', 'tel', 'search', 'password', 'textarea'];
    let number = 0;
    for (const field of form.elements) {
        if (!field.name || !written.includes(field.type)) continue;
        if (field.type !== 'textarea') field.type = 'text';
        field.removeAttribute('maxlength');
        field.value = payloads[number++ % payloads.length];
    }
    HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.fixture(scope="module")
def hostile_site(
    chromium: Chromium, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A small help desk that got the worst mail there is."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(sqlite_template, folder / "sysmo.db")
    with Site(folder, f"sqlite:///{folder}/sysmo.db") as site:
        site.fill(6)
        for raw in hostile.mails(CLIENT, TOPIC):
            site.deliver(raw, recipients=[TOPIC], sender=CLIENT)
        stranger = "eva@hostil.example"
        site.deliver(next(hostile.mails(stranger, TOPIC)), recipients=[TOPIC], sender=stranger)
        yield site


class Watch:
    """A window in which whatever runs is noticed."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.ran: list[str] = []
        self.sent: set[str] = set()
        visitor.context.on("dialog", self._heard)

    def look(self, sight: Sight) -> list[str]:
        """Open a page with all that is folded in it; return what ran or was asked for."""
        self.visitor.go(sight.path)
        self.visitor.open_all()
        return self.found(sight.path)

    def fill_forms(self, sight: Sight) -> Iterator[str]:
        """Send the forms of a page, one of each kind, with payloads in every field; yield what ran."""
        for action in self._forms(sight):
            kind = re.sub(r"\d+", "1", action or sight.path)
            if action in HARMLESS or kind in self.sent or action not in self._forms(sight):
                continue  # the one before it may have taken it away
            self.sent.add(kind)
            with self.visitor.page.expect_navigation():
                self.visitor.page.evaluate(FILL, [action, TEXTS])
            yield from self.found(f"{sight.path} → {action}")

    def _forms(self, sight: Sight) -> list[str | None]:
        self.visitor.go(sight.path)
        found: list[str | None] = self.visitor.page.evaluate(FORMS)
        return found

    def found(self, where: str) -> list[str]:
        seen = [f"{where}: {each}" for each in [*self.ran, *self.visitor.foreign]]
        self.ran.clear()
        self.visitor.foreign.clear()
        return seen

    def _heard(self, dialog: Any) -> None:
        self.ran.append(f"ran {dialog.type} {dialog.message}")
        dialog.dismiss()


@pytest.mark.parametrize("who", ["operator", "client", "anonymous", "administrator"])
def test_nothing_strangers_write_runs_or_loads(
    who: str, chromium: Chromium, hostile_site: Site, visit: Visit
) -> None:
    visitor = visit(where=hostile_site, bypass_csp=True)
    if PEOPLE[who]:
        visitor.sign_in(PEOPLE[who])
    watch = Watch(visitor)
    wrong = []
    mine = [each for each in sights(hostile_site, tickets=8) if each.who == who]
    of_each_kind = {re.sub(r"\d+|\?.*", "", each.path): each for each in mine}
    for sight in of_each_kind.values():
        wrong += watch.fill_forms(sight)
    for sight in mine:
        wrong += watch.look(sight)
    assert not wrong, "\n".join(["", *wrong])


def test_a_canary_that_sings_is_heard(chromium: Chromium, hostile_site: Site, visit: Visit) -> None:
    """The test above listens: a page that does not escape is found out."""
    visitor = visit(where=hostile_site, bypass_csp=True)
    watch = Watch(visitor)
    visitor.go("/ingresar")
    visitor.page.set_content("<!doctype html>" + "".join(HTML[:8]))
    found = watch.found("there")
    assert any("ran alert" in each for each in found)
    assert any("far.example" in each for each in found)
