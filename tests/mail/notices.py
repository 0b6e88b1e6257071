"""Notices as the services make them, for the tests of mail out."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gateway
from gateway.mail.addresses import Address
from gateway.mail.compose import AttachedRef, Automatic, Notice, Template, Templates, TicketShown, Values
from gateway.mail.notice import AuthorShown, FigureShown, Happened, MissedShown, ReportShown
from gateway.rules.lifecycle import EventKind, Status

DIRECTORY = Path(gateway.__file__).parent.parent / "templates" / "email"
TEMPLATES = Templates(DIRECTORY)
SITE = "https://tickets.sysmo.example"

TICKET = TicketShown(
    number=1042,
    subject="No puedo emitir facturas A desde ayer",
    token="[#1042-k7q2]",
    topic="Facturación",
    status=Status.IN_PROGRESS,
    created_at=datetime(2026, 5, 11, 20, 48, tzinfo=UTC),
    requester="Laura Giménez",
    url=f"{SITE}/solicitudes/1042",
)
LAURA = AuthorShown(
    name="Laura Giménez",
    email="laura.gimenez@andina.example",
    company="Distribuidora Andina S.A.",
    cuit="30999999804",
    verified=True,
)
HAPPENED = Happened(
    kind=EventKind.REPLIED,
    number=1042,
    subject="No puedo emitir facturas A desde ayer",
    topic="Facturación",
    actor="Laura Giménez",
    url=f"{SITE}/solicitudes/1042",
)
REPORT = ReportShown(
    month="abril de 2026",
    against="marzo de 2026",
    figures=(
        FigureShown(title="Recibidas", value="204", change="12 % más, antes 182"),
        FigureShown(title="Resolución media", value="9 h 24 min", change=""),
    ),
    url=f"{SITE}/reportes?desde=2026-04-01&hasta=2026-04-30",
    settings_url=f"{SITE}/admin/informe",
)
MARTIN = AuthorShown(name="Martín Sosa")


def values(**changes: Any) -> Values:
    """Return what any of the templates may show, with `changes`."""
    whole = Values(
        site="Sysmo Tickets",
        support="Soporte Sysmo",
        recipient="Laura Giménez",
        ticket=TICKET,
        author=LAURA,
        actor="Ana Ruiz",
        text="Hola, buenas tardes.\n\nNo podemos emitir facturas A.\nLas B salen bien.",
        alert="Los acuses de recibo están detenidos.",
        happened=(HAPPENED,),
        report=REPORT,
        mistakes=("#asinar ana@sysmo.example",),
        missed=(
            MissedShown(
                kind=EventKind.REPLIED,
                actor="Laura Giménez",
                at=datetime(2026, 5, 11, 21, 3, tzinfo=UTC),
                text="Ya anduvo.\n\nEra el certificado.",
            ),
            MissedShown(kind=EventKind.CLOSED, actor="", at=datetime(2026, 5, 11, 21, 5, tzinfo=UTC)),
        ),
        help_address="soporte@sysmo.example",
        internal_url=f"{SITE}/solicitudes/1042?tipo=interno#responder",
        notices_url=f"{SITE}/cuenta/avisos",
        action_url=f"{SITE}/clave/b7Zt0wPq9L",
        link_minutes=30,
        reopen_days=30,
    )
    return replace(whole, **changes)


def notice(template: Template = Template.NEW_REQUEST, **changes: Any) -> Notice:
    """Return a notice of `template`, with `changes`."""
    whole = Notice(
        template=template,
        language="es",
        sender=Address("soporte@sysmo.example", "Martín Sosa (Soporte Sysmo)"),
        reply_to="soporte+p4x9d1@sysmo.example",
        to=Address("laura.gimenez@andina.example", "Laura Giménez"),
        subject="Re: No puedo emitir facturas A desde ayer [#1042-k7q2]",
        message_id="p4x9d1k7f3m2a5b6@sysmo.example",
        in_reply_to="orig-2@andina.example",
        references=("orig-1@andina.example", "orig-2@andina.example"),
        date=datetime(2026, 5, 12, 13, 42, tzinfo=UTC),
        timezone="America/Argentina/Buenos_Aires",
        automatic=Automatic.GENERATED,
        loop="k3j4h5",
        values=values(),
    )
    return replace(whole, **changes)


def file(name: str = "captura-error.png", size: int = 184_000, sha256: str = "0" * 64) -> AttachedRef:
    """Return a file of a message."""
    return AttachedRef(name, "image/png", size, sha256, f"{SITE}/adjuntos/{sha256[:4]}/{name}")
