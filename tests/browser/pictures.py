"""`python -m tests.browser.pictures OUT [NAME…]`: every page of a demo as a picture, to be looked at.

In both languages, both themes, 390 and 1280 px; NAME keeps those whose name holds it. `--axe` says what axe
finds on each, details folded and open; `--read` prints the accessibility tree of the inbox and of a request.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from gateway import models
from gateway.db import Database
from tests.browser.chromium import Chromium
from tests.browser.pages import Sight, sights
from tests.browser.site import PEOPLE, Site
from tests.browser.visitor import DESK, PHONE, Visitor

LANGUAGES = ("es", "en")
TREES = (("operator", "/bandeja"), ("operator", "/solicitudes/"), ("client", "/solicitudes/"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only pages whose name holds one of these")
    parser.add_argument("--axe", action="store_true")
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    chromium = Chromium()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/sysmo.db"
        database = Database(url, pool=2)
        models.metadata.create_all(database.engine)
        database.close()
        with Site(Path(folder), url) as site:
            site.fill(given.requests)
            chromium.run(read if given.read else picture, chromium, site, given)
    chromium.close()


def picture(chromium: Chromium, site: Site, given: argparse.Namespace) -> None:
    """Take the pictures, a window for each person and language."""
    wanted = [
        each for each in sights(site) if not given.names or any(map(name_of(each).__contains__, given.names))
    ]
    for language in given.languages:
        site.set_language(language)
        for who, email in PEOPLE.items():
            mine = [each for each in wanted if each.who == who]
            if not mine:
                continue
            visitor = Visitor(chromium, site)
            visitor.context.add_cookies([{"name": "sysmo-language", "value": language, "url": site.url}])
            if email:
                visitor.sign_in(email)
            for sight in mine:
                _each(visitor, sight, language, given)
            visitor.close()


def _each(visitor: Visitor, sight: Sight, language: str, given: argparse.Namespace) -> None:
    visitor.go(sight.path)
    for width in (PHONE, DESK):
        for dark in (False, True):
            visitor.size(width, dark=dark)
            name = f"{name_of(sight)}-{language}-{width}-{'dark' if dark else 'light'}.png"
            visitor.page.screenshot(path=given.folder / name, full_page=True)
            if given.axe:
                for opened in (visitor.close_all, visitor.open_all):
                    opened()
                    _say(f"{name}: {each}" for each in [*visitor.violations(), *visitor.overflow(width)])
                visitor.close_all()


def read(chromium: Chromium, site: Site, given: argparse.Namespace) -> None:
    """Print what a screen reader is told of the inbox and of a request, as operator and as client."""
    for who, prefix in TREES:
        path = next(
            each.path
            for each in reversed(sights(site))
            if each.who == who and re.fullmatch(re.escape(prefix) + r"\d*", each.path)
        )
        visitor = Visitor(chromium, site)
        visitor.sign_in(PEOPLE[who] or "")
        visitor.go(path)
        _say([f"== {path}, {who}", visitor.page.locator("body").aria_snapshot(), ""])
        visitor.close()


def name_of(sight: Sight) -> str:
    """A file name that says whose page it is and which."""
    return f"{sight.who}-{re.sub(r'[^a-z0-9]+', '-', sight.path.lower()).strip('-') or 'home'}"[:110]


def _say(lines: object) -> None:
    for line in lines:  # type: ignore[attr-defined]
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
