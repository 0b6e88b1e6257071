"""What the journeys do more than once: look around, follow a mailed link, answer by mail."""

import re
from email.message import EmailMessage

from playwright.sync_api import Locator

from tests.browser.site import Site
from tests.browser.visitor import NARROWEST, Visitor
from tests.office import answer, body
from tests.webui.conftest import PASSWORD

LINK = re.compile(r"https?://\S+?(/(?:confirmar|clave)/[a-z2-7]+)")

MARK = "() => { document.querySelector('main').dataset.before = ''; }"


class Traveller(Visitor):
    """A visitor who looks at every page on the way as the tests of pages do."""

    width = 1280

    def sound(self) -> None:
        """What is shown now is accessible, fits the window and complains of nothing."""
        width = (self.page.viewport_size or {"width": self.width})["width"]
        wrong = [*self.violations(), *self.overflow(NARROWEST), *self.problems, *self.foreign]
        self.page.set_viewport_size({"width": width, "height": 900})
        self.problems.clear()
        assert not wrong, f"{self.page.url}: " + "\n".join(wrong)

    def fill(self, **fields: str) -> None:
        """Write into the fields of the page, by their names."""
        for name, value in fields.items():
            self.page.fill(f"main [name={name}]:not([type=hidden])", value)

    def press(self, name: str) -> None:
        """Press the button that is called so, and see what comes of it."""
        self.turn(self.button(name))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True).locator("visible=true").first

    def follow(self, name: str) -> None:
        """Go where a link of that name leads."""
        self.turn(self.page.get_by_role("link", name=name).locator("visible=true").first)

    def turn(self, locator: Locator) -> None:
        """Click on something that leads to a page, whether it is loaded or put in place by script."""
        self.page.evaluate(MARK)
        locator.click()
        self.page.wait_for_selector("main:not([data-before])", state="attached")
        self.page.wait_for_load_state()

    def confirm_password(self, password: str = PASSWORD) -> None:
        """What is sensitive asks for the password again, if it was given long ago."""
        if "/confirmar-clave" in self.page.url:
            self.fill(clave=password)
            self.press("Continuar")

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    @property
    def notice(self) -> str:
        return self.page.inner_text("main [role=status]")


def link_in(mail: EmailMessage) -> str:
    """The path of the link a mail wants to be followed."""
    found = LINK.search(body(mail))
    assert found is not None, body(mail)
    return found[1]


def answer_by_mail(site: Site, address: str, text: str, *, about: str, message_id: str) -> None:
    """Somebody answers, from their mail program, the last mail they got on a subject."""
    notice = [each for each in site.mails_to(address) if about in each["Subject"]][-1]
    raw = answer(notice, text, sender=f"Alguien <{address}>", message_id=message_id)
    done = site.deliver(raw, recipients=[str(notice["Reply-To"])], sender=address)
    assert done.outcome == "appended", done
