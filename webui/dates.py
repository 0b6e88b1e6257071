"""Moments as people say them: "hace 4 min", "9:12", "ayer", "vie 8", then the date."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.catalogue import Translator, _
from gateway.mail.wording import day

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAYS_BY_NAME = 6


class Dates:
    """Says moments in one language and the zone of the site."""

    def __init__(self, language: str, zone: ZoneInfo, translate: Translator) -> None:
        self._language = language
        self._zone = zone
        self._translate = translate

    def short(self, moment: datetime, now: datetime) -> str:
        """Return a moment as a list shows it: the nearer, the more exact."""
        if now - moment < _MINUTE:
            return self._translate(_("just now"))
        if now - moment < _HOUR:
            return self._translate(_("{count} min ago")).format(count=(now - moment).seconds // 60)
        there = moment.astimezone(self._zone)
        match self._days_between(moment, now):
            case 0:
                return _clock(there)
            case 1:
                return self._translate(_("yesterday"))
            case days if days <= _DAYS_BY_NAME:
                return f"{self._weekday(there)} {there.day}"
            case _:
                return day(there, self._language)

    def minutes_old(self, moment: datetime, now: datetime) -> bool:
        """Whether `short` counts minutes, so that an open page has to go on counting."""
        return now - moment < _HOUR

    def long(self, moment: datetime, now: datetime) -> str:
        """Return a moment as a message shows it: day and time."""
        there = moment.astimezone(self._zone)
        match self._days_between(moment, now):
            case 0:
                return self._translate(_("today, {time}")).format(time=_clock(there))
            case 1:
                return self._translate(_("yesterday, {time}")).format(time=_clock(there))
            case _:
                return self.full(moment)

    def full(self, moment: datetime) -> str:
        """Return a moment with weekday, date and time."""
        there = moment.astimezone(self._zone)
        return f"{self._weekday(there)} {day(there, self._language)}, {_clock(there)}"

    def span(self, length: timedelta) -> str:
        """Return a length of time: 32 min, 9 h 24 min, 3 d 4 h."""
        minutes = max(0, int(length.total_seconds()) // 60)
        hours, days = minutes // 60, minutes // (24 * 60)
        if days:
            return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
        if hours:
            return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
        return f"{minutes} min"

    def day(self, date: date) -> str:
        """Return a day of the calendar."""
        return day(datetime(date.year, date.month, date.day, tzinfo=self._zone), self._language)

    def machine(self, moment: datetime) -> str:
        """Return a moment for the `datetime` attribute: ISO 8601 with the zone's offset, to the minute."""
        return moment.astimezone(self._zone).isoformat(timespec="minutes")

    def _days_between(self, moment: datetime, now: datetime) -> int:
        """Days of the calendar there, not spans of 24 hours; never negative."""
        return max(0, (now.astimezone(self._zone).date() - moment.astimezone(self._zone).date()).days)

    def _weekday(self, there: datetime) -> str:
        return self._translate(f"weekday.{_WEEKDAYS[there.weekday()]}")


def _clock(there: datetime) -> str:
    return f"{there.hour}:{there.minute:02}"
