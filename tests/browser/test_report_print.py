"""A report on paper: light, without what is only for the screen, with what says what it is about."""

import re

from tests.browser.conftest import Visit
from tests.browser.visitor import WIDER

SHOWN = ".about, h1, .kpi, figure svg[role=img], table.grid.flow thead"
HIDDEN = ".nav, .foot, .range, .chips, .head .btn, details.data > summary"
IS_SEEN = "e => e.getClientRects().length > 0"
PAPER_WIDTH = 690
"""Pixels between the margins of an A4 page: narrower than where tables fold on a screen."""


def test_a_report_is_printed_light_and_whole(visit: Visit) -> None:
    visitor = visit("administrator")
    visitor.go("/reportes")
    page = visitor.page
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    page.set_viewport_size({"width": PAPER_WIDTH, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    for selector, expected in ((SHOWN, True), (HIDDEN, False)):
        seen = {each.evaluate(IS_SEEN) for each in page.locator(selector).all()}
        assert seen == {expected}, selector
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert page.evaluate(WIDER) == []
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 2 <= len(pages) <= 4
