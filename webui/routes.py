"""Every page there is: its address, and the view that declared who may use it (W1)."""

from starlette.routing import BaseRoute, Route

from webui.endpoint import Bare, Endpoint
from webui.sent_form import BODY_OCTETS
from webui.views import (
    clients_admin,
    companies_admin,
    confirm_mail,
    files,
    health,
    home,
    inbox,
    password,
    portal,
    set_up,
    sign_in,
    team_admin,
    team_leaving,
    ticket,
    topics_admin,
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
        _route("/solicitudes/{number:int}", ticket.show_ticket),
        _route("/adjuntos/{id}/{name}", files.attachment),
        _route("/mensajes/{id:int}/original.eml", files.original),
        _route("/admin", topics_admin.front),
        _route("/admin/tematicas", topics_admin.every),
        _route("/admin/tematicas/nueva", topics_admin.new_form),
        _route("/admin/tematicas/nueva", topics_admin.add),
        _route("/admin/tematicas/{topic:int}", topics_admin.form),
        _route("/admin/tematicas/{topic:int}", topics_admin.change),
        _route("/admin/tematicas/{topic:int}/estado", topics_admin.switch),
        _route("/admin/tematicas/{topic:int}/orden", topics_admin.order),
        _route("/admin/operadores", team_admin.every),
        _route("/admin/operadores/nuevo", team_admin.new_form),
        _route("/admin/operadores/nuevo", team_admin.add),
        _route("/admin/operadores/{person:int}", team_admin.form),
        _route("/admin/operadores/{person:int}", team_admin.change),
        _route("/admin/operadores/{person:int}/habilitar", team_admin.enable),
        _route("/admin/operadores/{person:int}/clave", team_admin.reset),
        _route("/admin/operadores/{person:int}/baja", team_leaving.form),
        _route("/admin/operadores/{person:int}/baja", team_leaving.leave),
        _route("/admin/clientes", clients_admin.every),
        _route("/admin/clientes/{person:int}", clients_admin.form),
        _route("/admin/clientes/{person:int}", clients_admin.change),
        _route("/admin/clientes/{person:int}/deshabilitar", clients_admin.disable),
        _route("/admin/clientes/{person:int}/habilitar", clients_admin.enable),
        _route("/admin/clientes/{person:int}/clave", clients_admin.reset),
        _route("/admin/empresas", companies_admin.every),
        _route("/admin/empresas/{company:int}", companies_admin.form),
        _route("/admin/empresas/{company:int}", companies_admin.change),
        _route("/admin/empresas/{company:int}/unir", companies_admin.merge_form),
        _route("/admin/empresas/{company:int}/unir", companies_admin.merge),
    ]


def _route(path: str, endpoint: Endpoint | Bare) -> Route:
    octets = endpoint.body_octets if isinstance(endpoint, Endpoint) else BODY_OCTETS
    return Route(path, endpoint.respond, methods=[endpoint.method], max_body_size=octets)
