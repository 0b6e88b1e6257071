"""The words of mail out: `templates/email/`, and plain built-in ones when a template is broken.

Templates are files of the installation, written by whoever runs it; nothing a person sends is
ever one (W16). `layout.*` and `parts.*` are shared by the languages, each of which has a folder.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.catalogue import label, translator
from gateway.mail.notice import Notice
from gateway.mail.one_line import one_line
from gateway.mail.shown_text import paragraphs, plain, quoted, without_links
from gateway.mail.wording import built_in, day, duration, file_size, place, tax_number

LANGUAGES = ("es", "en")
_LOCALES = {"es": "es-AR", "en": "en"}
_LINE_LENGTH = 998  # of a one-line value: subjects and names are cut far shorter elsewhere
_WIDTH = 72
_SEVERAL_LINES = frozenset({"text"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail in words. `html` is None, and `fallback` true, when a template did not work."""

    subject: str
    text: str
    html: str | None
    fallback: bool


class Templates:
    """The parsed templates of one directory; read once, so a change asks for a restart."""

    def __init__(self, directory: Path) -> None:
        self._text = {each: _environment(directory, each, html=False) for each in LANGUAGES}
        self._html = {each: _environment(directory, each, html=True) for each in LANGUAGES}
        self._last: tuple[tuple[object, ...], Rendered] | None = None

    def render(self, notice: Notice) -> Rendered:
        """Return the words of a notice. A broken or missing template never raises: the ticket is
        worth more than its form.

        The operators of a topic are told the same one after the other, so the last words are kept.
        """
        seen = (
            notice.template,
            notice.language,
            notice.subject,
            notice.values,
            notice.attached,
            notice.linked,
            notice.date,
            notice.timezone,
        )
        if self._last is None or self._last[0] != seen:
            self._last = seen, self._rendered(notice)
        return self._last[1]

    def _rendered(self, notice: Notice) -> Rendered:
        language = notice.language if notice.language in LANGUAGES else LANGUAGES[0]
        context = _context(notice, language)
        subject = self._attempt(lambda: self._subject(notice, language, context))
        context["subject"] = built_in(notice, language).subject if subject is None else subject
        text = self._attempt(lambda: self._whole(self._text[language], f"{notice.template}.txt", context))
        html = self._attempt(lambda: self._whole(self._html[language], f"{notice.template}.html", context))
        return Rendered(
            subject=context["subject"],
            text=built_in(notice, language).text if text is None else text,
            html=html,
            fallback=None in (subject, text, html),
        )

    def _subject(self, notice: Notice, language: str, context: Mapping[str, Any]) -> str:
        if notice.subject:
            return notice.subject
        template = self._text[language].get_template(f"{notice.template}.txt")
        return "".join(template.blocks["subject"](template.new_context(dict(context)))).strip()

    def _whole(self, environment: Environment, name: str, context: Mapping[str, Any]) -> str:
        return environment.get_template(name).render(context).strip("\n")

    def _attempt(self, render: Callable[[], str]) -> str | None:
        try:
            return render()
        except Exception:  # whatever it is: an edited template may raise anything at all
            return None


def _environment(directory: Path, language: str, *, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([directory / language, directory]),
        autoescape=html,  # noqa: S701  plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        day=lambda moment, zone: day(moment.astimezone(zone), language),
        clock=lambda moment, zone: f"{moment.astimezone(zone):%H:%M}",
        duration=lambda minutes: duration(minutes, language),
        cuit=tax_number,
        note=lambda name: label(translator(language), "note", name),
        place=place,
        size=lambda octets: file_size(octets, language),
        first_name=lambda name: name.split(" ")[0],
        paragraphs=paragraphs,
        plain=plain,
        quoted=quoted,
        without_links=without_links,
        wrap=_wrap,
    )
    return environment


def _wrap(text: str) -> str:
    """Our own sentences, 72 columns wide; a person's text is never wrapped."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def _context(notice: Notice, language: str) -> dict[str, Any]:
    values = _one_line_each(notice.values)
    attached, linked = (tuple(map(_one_line_each, each)) for each in (notice.attached, notice.linked))
    return {
        **{field.name: getattr(values, field.name) for field in fields(values)},
        "attached": attached,
        "linked": linked,
        "files": attached + linked,
        "locale": _LOCALES[language],
        "sent_at": notice.date,
        "zone": ZoneInfo(notice.timezone),
    }


def _one_line_each(value: Any) -> Any:
    """Make every text in a value one line but the message itself, so that no name can pose as a
    line of ours ("remitente verificado") in plain text.
    """
    if isinstance(value, str):
        return value if value.__class__ is not str else one_line(value, _LINE_LENGTH)
    if isinstance(value, tuple):
        return tuple(map(_one_line_each, value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: new
            for field in fields(value)
            if field.name not in _SEVERAL_LINES
            and (new := _one_line_each(old := getattr(value, field.name))) is not old
        }
        return replace(value, **changed) if changed else value
    return value
