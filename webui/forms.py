"""A form and what is wrong with it, as the templates show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made_by

from gateway.errors import Invalid, InvalidForm

FIELD_NAMES = {
    "password": "clave",
    "name": "nombre",
    "company": "empresa",
    "address": "direccion",
    "description": "descripcion",
    "operator": "operadores",
    "default": "predeterminada",
    "enabled": "activa",
    "role": "rol",
    "phone": "telefono",
    "language": "idioma",
    "convert": "convertir",
    "to": "a",
    "site": "sitio",
    "day": "dia",
    "hour": "hora",
    "days": "lunes",
    "days_off": "libres",
}
"""What the services call a field → what the page does, where the two differ."""

NOT_KEPT = ("clave", "clave_actual", "csrf", "envio")

SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """A field and the sentence on it, still in English, with the values for its {places}."""

    field: str
    sentence: str
    values: Mapping[str, object] = made_by(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """Values as they were sent, but for passwords, and what is wrong with them."""

    values: Mapping[str, str] = made_by(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def value(self, name: str) -> str:
        return self.values.get(name, "")[:SHOWN_CHARACTERS]

    def problem(self, name: str) -> Problem | None:
        return next((each for each in self.problems if each.field == name), None)


def refused(values: Mapping[str, str], error: Invalid) -> Form:
    """Return a form to be shown again; the password has to be typed anew."""
    kept = {key: value for key, value in values.items() if key not in NOT_KEPT}
    errors = error.problems if isinstance(error, InvalidForm) else (error,)
    problems = (
        Problem(FIELD_NAMES.get(each.field, each.field), each.sentence, each.values) for each in errors
    )
    return Form(kept, tuple(problems))
