"""Dates, sizes and spare sentences of mail out, in both languages."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.mail.notice import Notice
from gateway.mail.shown_text import plain, without_links

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DURATIONS = {
    "es": {"minute": ("minuto", "minutos"), "hour": ("hora", "horas")},
    "en": {"minute": ("minute", "minutes"), "hour": ("hour", "hours")},
}
_REQUEST = {"es": "Solicitud", "en": "Request"}


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """What a mail says when its template cannot be used."""

    subject: str
    text: str


def day(moment: datetime, language: str) -> str:
    """Return a date without doubt which number is the month: 12/11/2026, 12 Nov 2026: short, for columns."""
    if language == "es":
        return f"{moment:%d/%m/%Y}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def duration(minutes: int, language: str) -> str:
    """Return a length of time in words: 30 minutos, 1 hora, 24 horas."""
    unit, count = ("minute", minutes) if minutes % 60 else ("hour", minutes // 60)
    one, many = _DURATIONS[language][unit]
    return f"{count} {one if count == 1 else many}"


def file_size(octets: int, language: str) -> str:
    """Return a size as people read it: 184 KB; 1,4 MB in Spanish, 1.4 MB in English."""
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))} KB"
    size = f"{octets / 1_000_000:.1f} MB"
    return size.replace(".", ",") if language == "es" else size


def place(zone: ZoneInfo) -> str:
    """Return where a zone's time holds: Argentina, Madrid."""
    parts = zone.key.split("/")
    return "Argentina" if "Argentina" in parts else parts[-1].replace("_", " ")


def tax_number(cuit: str) -> str:
    """Return a CUIT as people write it: 30-99999980-4."""
    return f"{cuit[:2]}-{cuit[2:10]}-{cuit[10]}" if len(cuit) == 11 and cuit.isdigit() else cuit


def built_in(notice: Notice, language: str) -> BuiltIn:
    """Return plain words for any notice, of nothing but the values it holds.

    Values of an acknowledgement that C9 forbids have been taken out before.
    """
    values = notice.values
    ticket = values.ticket
    title = values.site
    lines = []
    if ticket is not None:
        title = f"{_REQUEST[language]} {ticket.number}, {ticket.topic}"
        lines.append(without_links(ticket.subject) if values.author is None else ticket.subject)
    if values.author is not None:
        lines.append(values.author.name)
    lines += [f"#{each.number} {each.subject}, {each.topic}: {each.url}" for each in values.happened]
    if values.report is not None:
        lines += [values.report.month, *(f"{each.title}: {each.value}" for each in values.report.figures)]
        lines.append(values.report.url)
    lines += [
        values.alert,
        plain(values.text),
        values.actor,
        *values.mistakes,
        values.action_url,
        values.reset_url,
    ]
    lines += [f"{each.actor}: {plain(each.text)}" for each in values.missed if each.text]
    lines += [f"{file.filename}: {file.link}" for file in (*notice.attached, *notice.linked)]
    lines += [ticket.url if ticket is not None else "", values.register_url]
    subject = notice.subject or (f"{title} {ticket.token}" if ticket is not None else title)
    return BuiltIn(subject, "\n\n".join([title, *filter(None, lines)]) + f"\n\n-- \n{values.site}")
