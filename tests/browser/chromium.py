"""One Chromium in a thread of its own: Playwright keeps an event loop running wherever it is used, and
other tests of the same process run loops of theirs."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
PATIENCE = 20_000
"""Milliseconds until a page that does not come is a failure; machines under load are slow."""


class Chromium:
    """Started when first asked for. All that touches it goes through `run`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def run(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Run something in the browser's thread."""
        return self._thread.submit(work, *arguments, **named).result()

    @property
    def browser(self) -> Browser:
        """The browser; to be asked for in its thread."""
        if self._browser is None:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=found(), args=ARGUMENTS)
        return self._browser

    def close(self) -> None:
        self.run(self._end)
        self._thread.shutdown()

    def _end(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()


def found() -> str:
    """Return where the browser is; a test is skipped where there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip("chromium is not installed")
