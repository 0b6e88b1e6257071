"""The ways between the pages of reports: to the requests behind a figure, and back to its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from gateway.catalogue import _
from gateway.rules.lifecycle import Channel
from gateway.rules.periods import Period, frequent
from gateway.services.reporting.behind import Behind, Figure
from gateway.services.reporting.report import Asked
from webui.asking import ALL_COMPANIES, filters_said, of_period, query_of

REPORT, REQUESTS = "/reportes", "/reportes/solicitudes"

_FREQUENT = {
    "7": _("Last 7 days"),
    "30": _("Last 30 days"),
    "month": _("This month"),
    "last_month": _("Last month"),
    "year": _("This year"),
}


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A period people often ask for; its name is a sentence of the catalogues."""

    name: str
    path: str
    current: bool


@dataclass(frozen=True, slots=True)
class Links:
    """Where a report leads."""

    asked: Asked

    @property
    def own(self) -> str:
        return f"{REPORT}?{query_of(self.asked)}"

    @property
    def all_companies(self) -> str:
        return f"{REPORT}?{query_of(self.asked, **dict([ALL_COMPANIES]))}#empresas"

    def file(self, kind: str) -> str:
        """The same figures as a file."""
        return f"{REPORT}.{kind}?{query_of(self.asked)}"

    def narrowed(self, **filters: int) -> str:
        """The same report of one topic, operator or company."""
        asked = replace(self.asked, filters=replace(self.asked.filters, **filters))
        return f"{REPORT}?{query_of(asked)}"

    def behind(
        self,
        figure: Figure,
        *,
        step: Period | None = None,
        only: Mapping[str, int] | None = None,
        channel: Channel | None = None,
        closer: int | None = None,
        hour: tuple[int, int] | None = None,
    ) -> str:
        """The requests that a figure counts; `only`: filters besides the report's; `step`: its days."""
        kept = replace(self.asked.filters, **only or {})
        behind = Behind(figure, self.asked.period, kept, channel, closer, hour, step)
        return f"{REQUESTS}?{urlencode(said(behind) | {'de': query_of(self.asked)})}"

    def shortcuts(self, today: date) -> Sequence[Shortcut]:
        return [
            Shortcut(
                _FREQUENT[name],
                f"{REPORT}?{query_of(of_period(self.asked, period))}",
                period == self.asked.period,
            )
            for name, period in frequent(today).items()
        ]


def said(behind: Behind) -> dict[str, str]:
    """Return what the address of the requests behind a figure says of them."""
    first, last = behind.period.first.isoformat(), behind.period.last.isoformat()
    found = {"figura": str(behind.figure), "desde": first, "hasta": last} | filters_said(behind.filters)
    if behind.step is not None:
        found |= {"tramo_desde": behind.step.first.isoformat(), "tramo_hasta": behind.step.last.isoformat()}
    if behind.channel is not None:
        found["canal"] = str(behind.channel)
    if behind.closer is not None:
        found["cerro"] = str(behind.closer)
    if behind.hour is not None:
        found |= {"dia": str(behind.hour[0]), "hora": str(behind.hour[1])}
    return found
