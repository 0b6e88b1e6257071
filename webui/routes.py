"""Every page there is: its address, and the view that declared who may use it (W1)."""

from starlette.routing import BaseRoute, Route

from webui.endpoint import Bare, Endpoint
from webui.sent_form import BODY_OCTETS
from webui.views import (
    acting,
    confirm_mail,
    files,
    health,
    home,
    inbox,
    messages,
    new_request,
    participants,
    password,
    portal,
    set_up,
    sign_in,
    ticket,
)


def routes() -> list[BaseRoute]:
    """Return the routes; the style sheet and icons are the application's own matter."""
    return [
        _route("/healthz", health.alive),
        _route("/readyz", health.ready),
        _route("/", home.home),
        _route("/instalar/{token}", set_up.form),
        _route("/instalar/{token}", set_up.make),
        _route("/ingresar", sign_in.form),
        _route("/ingresar", sign_in.enter),
        _route("/salir", sign_in.leave),
        _route("/clave/{token}", password.form),
        _route("/clave/{token}", password.change),
        _route("/correos/confirmar/{token}", confirm_mail.form),
        _route("/correos/confirmar/{token}", confirm_mail.confirm),
        _route("/bandeja", inbox.show_inbox),
        _route("/solicitudes", portal.show_requests),
        _route("/solicitudes/nueva", new_request.form),
        _route("/solicitudes/nueva", new_request.send),
        _route("/solicitudes/{number:int}", ticket.show_ticket),
        _route("/solicitudes/{number:int}/mensajes", messages.send),
        _route("/solicitudes/{number:int}/tomar", acting.take),
        _route("/solicitudes/{number:int}/cerrar", acting.close),
        _route("/solicitudes/{number:int}/reabrir", acting.reopen),
        _route("/solicitudes/{number:int}/reasignar", acting.hand_over),
        _route("/solicitudes/{number:int}/no-leida", acting.mark_unread),
        _route("/solicitudes/{number:int}/participantes", participants.add),
        _route("/solicitudes/{number:int}/participantes/quitar", participants.remove),
        _route("/solicitudes/{number:int}/participantes/descartar", participants.dismiss),
        _route("/adjuntos/{id}/{name}", files.attachment),
        _route("/mensajes/{id:int}/original.eml", files.original),
    ]


def _route(path: str, endpoint: Endpoint | Bare) -> Route:
    octets = endpoint.body_octets if isinstance(endpoint, Endpoint) else BODY_OCTETS
    return Route(path, endpoint.respond, methods=[endpoint.method], max_body_size=octets)
