"""The stories of the demo as they stand in files, and the small talk around them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "stories"

QUESTIONS = (
    ("¿Te aparece igual si entrás con otro usuario?", "Sí, probé con el de {persona} y pasa lo mismo."),
    ("¿Desde cuándo pasa? Si te acordás del primer día nos ayuda a buscar.",
     "Desde el {dia} a eso de las {hora}."),
    ("¿Nos pasás la versión que figura abajo a la izquierda?", "Dice {version}."),
    ("¿Pasa en todas las computadoras o sólo en una?", "Sólo en {equipo}. En las demás anda bien."),
    ("¿Hicieron algún cambio ese día? Una actualización, un equipo nuevo, lo que sea.",
     "Que yo sepa no. Pregunté en {sucursal} y tampoco."),
    ("¿Podés reiniciar el equipo y probar una vez más antes de que entremos?", "Lo reinicié y sigue igual."),
    ("¿A qué hora nos podemos conectar sin molestar?", "Después de las {hora} está tranquilo."),
)  # fmt: skip
NUDGES = (
    "Hola, ¿alguna novedad con esto?",
    "¿Pudieron ver lo que les mandé? Nos están reclamando.",
    "Buen día, sigo esperando una respuesta. Gracias.",
)
PATIENCE = (
    "Seguimos con esto; todavía no encontramos la causa. Mañana te contamos cómo vamos.",
    "Quedamos a la espera del proveedor. Apenas tengamos respuesta te avisamos por acá.",
)
FAREWELLS = (
    "Cerramos la solicitud. Si vuelve a pasar, respondé este correo y se abre de nuevo.",
    "Como quedó resuelto la cerramos. Cualquier cosa, contestá este mismo correo.",
    "Nos alegra que haya quedado. La damos por cerrada.",
)
AFTERTHOUGHTS = (
    "Una cosa más: ¿esto les pasa a otros o era sólo nuestro?",
    "Perdón que vuelva: hoy pasó de nuevo, una sola vez, a las {hora}.",
    "Me olvidé de preguntar si hay que hacer lo mismo en {sucursal}.",
)
REASSURANCES = (
    "Lo revisamos: está bien. No hace falta que hagan nada más de su lado.",
    "También quedó hecho. Gracias por avisar.",
)


Line = tuple[str, str]
"""Who speaks, and what they say."""


@dataclass(frozen=True, slots=True)
class Story:
    """What one kind of request is about: ways to begin it, then who says what."""

    subjects: tuple[str, ...]
    opening: tuple[str, ...]
    talk: tuple[Line, ...]  # who (c, o, n, m), what
    files: str = ""  # what is attached: capture, pdf, sheet


@cache
def of_topic(name: str) -> tuple[Story, ...]:
    """Return the stories of one topic."""
    found = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return tuple(
        Story(
            subjects=tuple(each["subjects"]),
            opening=tuple(each["opening"]),
            talk=tuple(_line(line) for line in each["talk"]),
            files=each.get("files", ""),
        )
        for each in found["story"]
    )


def told(dice: Random, story: Story) -> list[Line]:
    """Return what is said in one request of this story: sometimes more, sometimes with another end."""
    talk = list(story.talk)
    if dice.random() < 0.22:
        asked = dice.sample(QUESTIONS, k=dice.choice((1, 1, 2, 3)))
        talk[:0] = [line for question, answer in asked for line in (("o", question), ("c", answer))]
    if dice.random() < 0.12:
        talk.insert(0, ("c", dice.choice(NUDGES)))
    if dice.random() < 0.10:
        talk.insert(min(2, len(talk)), ("o", dice.choice(PATIENCE)))
    if talk[-1][0] == "c" and dice.random() < 0.35:
        talk.pop()  # not everybody says thanks
    talk.append(("close", dice.choice(FAREWELLS) if dice.random() < 0.3 else ""))
    if dice.random() < 0.07:
        talk += [("c", dice.choice(AFTERTHOUGHTS)), ("o", dice.choice(REASSURANCES)), ("close", "")]
    return talk


def _line(line: str) -> Line:
    who, _, words = line.partition(": ")
    return who, words
