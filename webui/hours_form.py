"""Working hours as people write them in a form, and as a form shows them."""

import re
from collections.abc import Sequence
from datetime import date

from gateway.catalogue import _
from gateway.errors import Invalid
from gateway.mail.one_line import one_line
from gateway.rules.working_time import FIRST_YEAR, LAST_YEAR, Span
from gateway.services.working_hours import MOST_DAYS_OFF, MOST_SPANS, NAME_CHARACTERS

DAY_CHARACTERS = 120
LAST_MINUTE = 24 * 60
STRETCH = _("{opens} to {closes}")

_TIME = r"(\d{1,2})(?:[:.h](\d{2}))?(?:\s?(?:hs?|hrs?)\b\.?)?"
_STRETCH = re.compile(rf"(?:de )?(?:las )?{_TIME}\s?(?:[-–—]|a|al|hasta|to)\s?(?:las )?{_TIME}", re.ASCII)
_BETWEEN = re.compile(r"\s?[,;/]\s?(?:(?:y|and) )?|\s(?:y|and)\s")
_DATE = re.compile(
    r"(?:(?P<iso>\d{4})-(?P<iso_month>\d{1,2})-(?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4}|\d{2}))(?!\d)",
    re.ASCII,
)
_BEFORE_NAMES = " :,;-–—"


def read_day(text: str, field: str, day: str) -> tuple[Span, ...]:
    """Return the stretches of work that were written for a day, in order; those that touch are one.

    `day` is its name, for the sentence on what is wrong.
    """
    line = one_line(text, DAY_CHARACTERS).lower()
    found = [_STRETCH.fullmatch(each) for each in _BETWEEN.split(line)] if line else []
    spans = sorted(_span(*each.groups()) for each in found if each is not None)
    if None in found:
        raise Invalid(
            field,
            _("{day}: write hours as 9:00 to 18:00 or 8:00 to 12:00, 16:00 to 20:00, or nothing."),
            day=day,
        )
    if any(opens >= closes or closes > LAST_MINUTE for opens, closes in spans):
        raise Invalid(
            field,
            _("{day}: a stretch ends after it begins, at 24:00 at the latest. Check its times."),
            day=day,
        )
    together: list[Span] = []
    for opens, closes in spans:
        if together and opens < together[-1][1]:
            raise Invalid(field, _("{day}: two stretches overlap. Write each hour once."), day=day)
        if together and opens == together[-1][1]:
            together[-1] = (together[-1][0], closes)
        else:
            together.append((opens, closes))
    if len(together) > MOST_SPANS:
        raise Invalid(field, _("{day}: write at most {count} stretches of work."), day=day, count=MOST_SPANS)
    return tuple(together)


def _span(hour: str, minutes: str | None, until_hour: str, until_minutes: str | None) -> Span:
    """The minutes of the day of a stretch; minutes that no hour has make it end before all else."""
    opens, closes = (
        int(each) * 60 + int(rest or 0) if int(rest or 0) < 60 else -1
        for each, rest in ((hour, minutes), (until_hour, until_minutes))
    )
    if opens < 0:
        return LAST_MINUTE, 0
    return opens, LAST_MINUTE if closes == 0 else closes  # "22 a 0" ends with the day


def day_text(spans: Sequence[Span], stretch: str) -> str:
    """Return a day as its field shows it. `stretch` is how the reader's language says from when to when."""
    return ", ".join(stretch.format(opens=_clock(opens), closes=_clock(closes)) for opens, closes in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def read_days_off(text: str, field: str) -> tuple[tuple[date, str], ...]:
    """Return days with their names, in order: one a line, as 24/12/2026 or as 2026-12-24, then the name."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_DAYS_OFF:
        raise Invalid(field, _("There is room for {count} days off. Remove old ones."), count=MOST_DAYS_OFF)
    found: dict[date, str] = {}
    for number, line in lines:
        matched = _DATE.match(line)
        day = _date(matched) if matched is not None else None
        if matched is None or day is None:
            raise Invalid(
                field,
                _("Line {line}: write a day there is, as 24/12/2026, and then its name."),
                line=number,
            )
        if day in found:
            raise Invalid(field, _("Line {line}: this day is written twice."), line=number)
        name = one_line(line[matched.end() :].lstrip(_BEFORE_NAMES), NAME_CHARACTERS + 1)
        if len(name) > NAME_CHARACTERS:
            raise Invalid(
                field,
                _("Line {line}: the name has at most {count} characters."),
                line=number,
                count=NAME_CHARACTERS,
            )
        found[day] = "".join(filter(str.isprintable, name))  # joiners, which `one_line` keeps
    return tuple(sorted(found.items()))


def _date(matched: re.Match[str]) -> date | None:
    part = matched.groupdict()
    year = int(part["iso"] or part["year"])
    try:
        found = date(
            year + 2000 if year < 100 else year,
            int(part["iso_month"] or part["month"]),
            int(part["iso_day"] or part["day"]),
        )
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def days_off_text(days: Sequence[tuple[date, str]]) -> str:
    """Return days off as the form shows them, one a line."""
    return "\n".join(f"{day:%d/%m/%Y} {name}".strip() for day, name in days)
