"""Every page there is: its address, and the view that declared who may use it (W1)."""

from starlette.routing import BaseRoute, Route

from webui.endpoint import Bare, Endpoint
from webui.sent_form import BODY_OCTETS
from webui.views import (
    acting,
    activity,
    confirm_mail,
    files,
    health,
    home,
    inbox,
    mail_admin,
    mail_admin_failed,
    mail_admin_held,
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
        _route("/admin/correo", mail_admin.show_mail),
        _route("/admin/correo/retenidos/{id:int}", mail_admin_held.show_held),
        _route("/admin/correo/retenidos/{id:int}/aceptar", mail_admin_held.accept),
        _route("/admin/correo/retenidos/{id:int}/descartar", mail_admin_held.discard),
        _route("/admin/correo/entrada/{id:int}/reintentar", mail_admin_failed.retry_in),
        _route("/admin/correo/salida/reintentar", mail_admin_failed.retry_all),
        _route("/admin/correo/salida/{id:int}/reintentar", mail_admin_failed.retry_out),
        _route("/admin/correo/salida/{id:int}/abandonar", mail_admin_failed.give_up),
        _route("/admin/actividad", activity.show_activity),
    ]


def _route(path: str, endpoint: Endpoint | Bare) -> Route:
    octets = endpoint.body_octets if isinstance(endpoint, Endpoint) else BODY_OCTETS
    return Route(path, endpoint.respond, methods=[endpoint.method], max_body_size=octets)
