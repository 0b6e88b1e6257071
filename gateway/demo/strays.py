"""Mail that no plot asked for: held, automatic, repeated, unreadable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

from gateway.demo import letters
from gateway.demo.cast import BORDER, HOUSE, Player
from gateway.demo.letters import Draft
from gateway.demo.performance import Case, Stage
from gateway.rules.people import Sender
from gateway.services import held, threads, tickets
from gateway.services.held import Acceptance


class Due(NamedTuple):
    """A stray mail and when it comes."""

    at: datetime
    number: int
    come: Callable[[datetime], object]


@dataclass
class Strays:
    """The stray mails of three months. `administrator` decides on some of what is held."""

    stage: Stage
    administrator: Player
    operators: tuple[Player, ...]
    house_address: str

    def schedule(self, now: datetime) -> list[Due]:
        """Return what comes when, first things first; what waits for a decision is of the last days."""
        plan: list[tuple[float, Callable[[datetime], object]]] = [
            (80, self.report_of_a_machine),
            (66, self.stranger_let_in),
            (55, self.out_of_office),
            (48, self.forged_and_discarded),
            (37, self.the_same_twice),
            (30, self.newsletter),
            (21, self.out_of_office),
            (16, self.report_of_a_machine),
            (9, self.mistaken_command),
            (6.2, self.stranger_on_a_request),
            (4.1, self.forged),
            (3.3, self.unreadable),
            (2.2, self.report_of_a_machine),
            (1.6, self.stranger_on_a_request),
            (0.4, self.from_ourselves),
        ]
        return [Due(now - timedelta(days=days), number, come) for number, (days, come) in enumerate(plan)]

    def report_of_a_machine(self, at: datetime) -> None:
        writer = Player("copias@nube-respaldo.example", "Respaldo en la nube", program="plain")
        text = (
            "El trabajo «servidor-principal» terminó con advertencias.\n\n"
            "Archivos copiados: 48.213\nArchivos omitidos: 7\nDuración: 1 h 12 min"
        )
        headers = (("Auto-Submitted", "auto-generated"),)
        opened = self._mail(
            writer, "Respaldo terminado con advertencias", text, at, f"redes@{HOUSE}", headers=headers
        )
        self._put_away(opened, self.operators[3], at)

    def newsletter(self, at: datetime) -> None:
        writer = Player("novedades@insumos-pos.example", "Insumos POS", program="plain")
        text = "Este mes: 20 % en rollos térmicos y etiquetas.\n\nPara dejar de recibirlo, hacé clic acá."
        headers = (("List-Unsubscribe", "<mailto:baja@insumos-pos.example>"), ("Precedence", "bulk"))
        opened = self._mail(
            writer, "Ofertas del mes en rollos térmicos", text, at, self.house_address, headers=headers
        )
        self._put_away(opened, self.operators[2], at)

    def out_of_office(self, at: datetime) -> None:
        case = self._some_case()
        answered = self.stage.answered(case, case.plot.client) if case else None
        if case is None or answered is None:
            return
        client = case.plot.client
        text = "Estoy de vacaciones hasta el lunes. Por temas urgentes escriban a administración."
        draft = Draft(
            writer=client,
            to=answered.reply_to,
            subject=f"Respuesta automática: {answered.subject}",
            text=text,
            message_id=self.stage.next_id(client),
            at=at,
            answered=answered,
            headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
        )
        self.stage.write(case, draft, to=answered.reply_to, envelope_from="")

    def stranger_on_a_request(self, at: datetime) -> int | None:
        """Somebody answers a mail that was passed on to them: they take no part, so it is held."""
        case = self._some_case()
        answered = self.stage.answered(case, case.plot.client) if case else None
        if case is None or answered is None:
            return None
        domain = case.plot.client.email.rpartition("@")[2]
        writer = Player(f"compras.temporal@{domain}", "Lucas Bravo", program="outlook")
        draft = Draft(
            writer=writer,
            to=answered.reply_to,
            subject=f"RV: {answered.subject}",
            text="Me reenviaron esto. Estoy a cargo de las cajas: ¿me llaman al interno 31?",
            message_id=self.stage.next_id(writer),
            at=at,
            answered=answered,
        )
        return self._entry(draft, answered.reply_to)

    def stranger_let_in(self, at: datetime) -> None:
        entry = self.stranger_on_a_request(at)
        if entry is None:
            return
        later = at + timedelta(hours=2)
        by = self._by()
        held.accept(self.stage.session, self.stage.desk, entry, Acceptance(), by=by, now=later)
        self.stage.post.apply_next(now=later)

    def forged(self, at: datetime) -> int:
        """Its domain says that it is not theirs."""
        writer = Player("avisos@banco-del-sur.example", "Banco del Sur", program="plain", proven=False)
        draft = Draft(
            writer=writer,
            to=self.house_address,
            subject="Su cuenta será suspendida: valide sus datos hoy",
            text="Estimado cliente:\n\nDetectamos un ingreso inusual. Valide su cuenta en el enlace adjunto.",
            message_id=self.stage.next_id(writer),
            at=at,
        )
        raw = letters.write(draft, self.stage.zone).replace(b"dmarc=none", b"dmarc=fail (p=reject)")
        entry, _ = self.stage.post.deliver(
            raw, (self.house_address,), envelope_from="rebote@envios.example", now=at
        )
        return entry

    def forged_and_discarded(self, at: datetime) -> None:
        entry, later, by = self.forged(at), at + timedelta(hours=3), self._by()
        held.discard(self.stage.session, entry, by=by, now=later)

    def the_same_twice(self, at: datetime) -> None:
        """A server that heard no answer sends its mail again."""
        writer = Player("sistemas@textilquilmes.example", "Sistemas Textil Quilmes", program="outlook")
        draft = Draft(
            writer=writer,
            to=f"pdv@{HOUSE}",
            subject="Consulta por la licencia de una caja más",
            text="Buen día.\n\n¿Qué costo tiene sumar una caja en la planta? Sería para el mes que viene.",
            message_id=self.stage.next_id(writer),
            at=at,
        )
        _, opened = self.stage.write(None, draft, to=f"pdv@{HOUSE}")
        self.stage.write(None, draft, to=f"pdv@{HOUSE}")
        self._put_away(opened, self.operators[2], at)

    def mistaken_command(self, at: datetime) -> None:
        for operator in self.operators:
            case = self._some_case(operator)
            answered = self.stage.answered(case, operator) if case else None
            if case is not None and answered is not None:
                draft = Draft(
                    writer=operator,
                    to=answered.reply_to,
                    subject=f"Re: {answered.subject}",
                    text=f"#asignar sergio@{HOUSE}\n\nSergio, ¿lo ves vos?",
                    message_id=self.stage.next_id(operator),
                    at=at,
                    answered=answered,
                )
                self.stage.write(case, draft, to=answered.reply_to)
                return

    def unreadable(self, at: datetime) -> None:
        raw = (
            f"Received: from mail.hotel.example by {BORDER}; {format_datetime(at)}\r\n"
            "From: Recepcion <recepcion@costaserena.example>\r\nSubject: Reservas\r\n"
            "Message-ID: <reservas.77@costaserena.example>\r\nContent-Type: multipart/mixed; boundary=a\r\n"
            "\r\n--a\r\n"
        ).encode()
        error = "it took more than 10 s of processor time"
        self.stage.post.set_aside(
            raw, (self.house_address,), error, envelope_from="recepcion@costaserena.example", now=at
        )

    def from_ourselves(self, at: datetime) -> None:
        writer = Player(self.house_address, "Soporte", program="plain")
        self._mail(
            writer,
            "Cambio de contraseña obligatorio",
            "Ingrese su contraseña actual.",
            at,
            f"accesos@{HOUSE}",
        )

    def _mail(
        self,
        writer: Player,
        subject: str,
        text: str,
        at: datetime,
        to: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> int:
        draft = Draft(writer, to, subject, text, self.stage.next_id(writer), at, headers=headers)
        return self.stage.write(None, draft, to=to)[1]

    def _put_away(self, number: int, operator: Player, at: datetime) -> None:
        """Some hours later somebody has dealt with it, on the phone or not at all."""
        stage = self.stage
        ticket = stage.session.execute(threads.LOCKED, {"id": number}).scalar_one()
        by, later = stage.sender(operator), at + timedelta(hours=3)
        tickets.take(stage.session, ticket, by, now=later)
        tickets.close(stage.session, stage.desk, ticket, by=by, tell=False, now=later)

    def _entry(self, draft: Draft, to: str) -> int:
        raw = letters.write(draft, self.stage.zone)
        entry, _ = self.stage.post.deliver(raw, (to,), envelope_from=draft.writer.email, now=draft.at)
        return entry

    def _by(self) -> Sender:
        return self.stage.sender(self.administrator)

    def _some_case(self, operator: Player | None = None) -> Case | None:
        """The newest request, of that operator if one is named, on which somebody was answered."""
        return next(self._answered_cases(operator), None)

    def _answered_cases(self, operator: Player | None) -> Iterator[Case]:
        for case in reversed(self.stage.cases.values()):
            fits = operator is None or case.plot.operator == operator
            if fits and case.last_writer != case.plot.client.name:
                yield case
