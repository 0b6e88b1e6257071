"""What a browser would act on in a page, apart from the few elements that our own templates use."""

import re
from html.parser import HTMLParser

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
OURS = {
    "img": {"src": r"/adjuntos/[a-z2-7]{26}/miniatura"},
    "iframe": {"src": r"/mensajes/[0-9]+/html", "sandbox": SANDBOX},
    "base": {"target": "_blank"},
    "script": {"src": r"/static/[a-z]+\.js\?v=[0-9a-f]{12}"},
}
LOADING = ("src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "manifest")
WATCHED = (
    "script",
    "style",
    "img",
    "iframe",
    "base",
    "object",
    "embed",
    "svg:script",
    "math",
    "video",
    "audio",
)


class Tags(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            script = name in ("href", "src", "action") and value.lower().startswith("javascript:")
            if name.startswith("on") or name in ("style", "srcdoc") or script:
                self.found.append(f"{tag} {name}")
        if tag in WATCHED and not self._is_ours(tag, given):
            self.found.append(tag)

    def _is_ours(self, tag: str, given: dict[str, str]) -> bool:
        wanted = OURS.get(tag, {"": ""})
        named = all(re.fullmatch(pattern, given.get(name, "")) for name, pattern in wanted.items())
        return named and not (set(given) & set(LOADING)) - set(wanted)


def acting(page: str) -> list[str]:
    """Return the elements and attributes of a page that do or load something, ours left out."""
    tags = Tags()
    tags.feed(page)
    return tags.found
