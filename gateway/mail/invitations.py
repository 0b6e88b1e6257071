"""A calendar part (RFC 5545) → one short paragraph: what, when, where, who.

It uses no word of any language, since nobody knows here who will read it: signs, and dates as ISO 8601
writes them, in the zone of whoever invites. What kind of invitation it is, a note says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.mail import charsets
from gateway.mail.one_line import one_line

_OCTETS = 64 * 1024  # a meeting of a whole company fits, all its guests named
_LINE_CHARACTERS = 300
_PROPERTY = re.compile(r'([A-Za-z0-9-]{1,40})((?:;[A-Za-z0-9-]{1,40}=(?:"[^"]{0,500}"|[^";:,]{0,500}))*):')
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,40})=(?:"([^"]{0,500})"|([^";:,]{0,500}))')
_DURATION = re.compile(
    r"P(?:([0-9]{1,3})W)?(?:([0-9]{1,3})D)?(?:T(?:([0-9]{1,3})H)?(?:([0-9]{1,4})M)?(?:[0-9]{1,5}S)?)?"
)
_ESCAPED = re.compile(r"\\(.)")
_ANSWERS = {"ACCEPTED": "✔", "DECLINED": "✘", "TENTATIVE": "?"}


@dataclass(frozen=True, slots=True)
class Invitation:
    """A note, by its key, on what kind of invitation it is, and the paragraph."""

    note: str
    paragraph: str


@dataclass(frozen=True, slots=True)
class _Property:
    parameters: dict[str, str]
    value: str


def invitation_in(octets: bytes) -> Invitation | None:
    """Return what a calendar part says, None when no event is in it. Linear; never raises."""
    text = charsets.clean(charsets.decode(octets[:_OCTETS]))
    method, event = _first_event(text.replace("\n ", "").replace("\n\t", ""))
    if not event:
        return None
    lines = [f"📅 {_said(event, 'SUMMARY')}".rstrip(), _when(event), *_where(event), *_who(event, method)]
    if method == "CANCEL" or _said(event, "STATUS").upper() == "CANCELLED":
        lines[0] = lines[0].replace("📅", "📅 ✘")
        note = "invitation-cancelled"
    else:
        note = "invitation-answer" if method == "REPLY" else "invitation"
    return Invitation(note, "\n".join(filter(None, lines)))


def _first_event(text: str) -> tuple[str, dict[str, _Property]]:
    """Return the method, and the properties of the first event, without those of its alarms."""
    method = ""
    event: dict[str, _Property] = {}
    inside: list[str] = []
    for name, found in _properties(text):
        if name == "BEGIN":
            inside.append(found.value.upper())
        elif name == "END":
            if inside and inside.pop() == "VEVENT":
                break
        elif name == "METHOD":
            method = found.value.strip().upper()
        elif inside and inside[-1] == "VEVENT":
            event.setdefault(name, found)
    return method, event


def _properties(text: str) -> Iterator[tuple[str, _Property]]:
    for line in text.split("\n"):
        head = _PROPERTY.match(line)
        if head is None:
            continue
        parameters = {each[1].upper(): each[2] or each[3] or "" for each in _PARAMETER.finditer(head[2])}
        yield head[1].upper(), _Property(parameters, line[head.end() :])


def _said(event: dict[str, _Property], name: str) -> str:
    found = event.get(name)
    return _line(_ESCAPED.sub(_unescaped, found.value)) if found else ""


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]


def _line(text: str) -> str:
    return one_line(text, _LINE_CHARACTERS)


def _when(event: dict[str, _Property]) -> str:
    begins = event.get("DTSTART")
    start = _moment(begins.value) if begins else None
    if begins is None or start is None:
        return ""
    ends = event.get("DTEND")
    end = _moment(ends.value) if ends else _after(start, _said(event, "DURATION"))
    zone = "UTC" if begins.value.rstrip().endswith(("Z", "z")) else _line(begins.parameters.get("TZID", ""))
    repeats = _said(event, "RRULE")
    return (
        f"🕒 {_span(start, end)}" + (f" ({zone})" if zone else "") + (f" · 🔁 {repeats}" if repeats else "")
    )


def _span(start: date, end: date | None) -> str:
    if not isinstance(start, datetime):
        # The end of an event of whole days is the day after (RFC 5545, 3.6.1).
        last = end - timedelta(days=1) if end and not isinstance(end, datetime) and end > start else start
        return f"{start}" if last == start else f"{start} – {last}"
    shown = f"{start:%Y-%m-%d %H:%M}"
    if not isinstance(end, datetime) or end <= start:
        return shown
    return f"{shown}–{end:%H:%M}" if end.date() == start.date() else f"{shown} – {end:%Y-%m-%d %H:%M}"


def _moment(value: str) -> date | None:
    """Return a date, or a moment in whatever zone it is written."""
    digits = value.strip()[:16].upper().removesuffix("Z")
    try:
        if "T" in digits:
            return datetime.strptime(digits, "%Y%m%dT%H%M%S")  # noqa: DTZ007  shown as written
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None


def _after(start: date, duration: str) -> date | None:
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    weeks, days, hours, minutes = (int(each or 0) for each in found.groups())
    try:
        return start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        return None


def _where(event: dict[str, _Property]) -> Iterator[str]:
    if place := _said(event, "LOCATION"):
        yield f"📍 {place}"


def _who(event: dict[str, _Property], method: str) -> Iterator[str]:
    """Yield the organizer; of an answer, who gives it."""
    if organizer := event.get("ORGANIZER"):
        yield f"👤 {_person(organizer)}"
    guest = event.get("ATTENDEE")
    if method == "REPLY" and guest:
        yield f"{_ANSWERS.get(guest.parameters.get('PARTSTAT', '').upper(), '…')} {_person(guest)}"


def _person(found: _Property) -> str:
    name = _line(found.parameters.get("CN", ""))
    address = _line(found.value)
    address = address[7:] if address.lower().startswith("mailto:") else address
    return f"{name} <{address}>" if name and name != address else address
