"""Every page, looked at by those who may: accessible, no wider than the window, silent in the console."""

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium
from tests.browser.conftest import Visit
from tests.browser.pages import Sight, sights
from tests.browser.site import PEOPLE, Site
from tests.browser.visitor import DESK, NARROWEST, PHONE, Visitor


def looked_at(visitor: Visitor, sight: Sight, *, dark: bool) -> Iterator[str]:
    """Yield what is wrong with a page: folded on a phone, open at a desk, in a theme each."""
    visitor.size(PHONE, dark=dark)
    visitor.problems.clear()
    status = visitor.go(sight.path)
    if status >= 500:
        yield f"status {status}"
    yield from visitor.violations()
    for width in (NARROWEST, PHONE):
        yield from visitor.overflow(width)
    folded = visitor.has_details()
    if folded:
        visitor.open_all()
        yield from visitor.overflow(NARROWEST)
    visitor.size(DESK, dark=not dark)
    yield from visitor.violations()
    yield from visitor.problems
    yield from (f"asked for {url}" for url in visitor.foreign)


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_is_accessible_fits_and_is_quiet(
    who: str, chromium: Chromium, site: Site, visit: Visit
) -> None:
    visitor = visit(who)
    wrong = []
    for number, sight in enumerate(each for each in sights(site) if each.who == who):
        found = dict.fromkeys(looked_at(visitor, sight, dark=bool(number % 2)))
        wrong += [f"{sight.path}: {each}" for each in found]
    assert not wrong, "\n".join(["", *wrong])
