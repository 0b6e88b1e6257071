"""Who is in the demo: a team, companies with their people, topics. Nobody of them exists."""

import unicodedata
from dataclasses import dataclass
from random import Random

from stdnum.ar import cuit as cuit_number

HOUSE = "sysmo.example"
BORDER = f"mx.{HOUSE}"

COMPANIES = (
    ("Distribuidora Andina S.A.", "andina"),
    ("Ferretería Albornoz", "albornoz"),
    ("Supermercados La Esquina S.R.L.", "laesquina"),
    ("Panificadora San Telmo", "panificadora-santelmo"),
    ("Repuestos del Sur S.A.", "repuestosdelsur"),
    ("Farmacia Belgrano Norte", "farmaciabn"),
    ("Textil Quilmes S.A.", "textilquilmes"),
    ("Óptica Mirador", "opticamirador"),
    ("Bodega Los Álamos", "bodegalosalamos"),
    ("Corralón Don Pedro S.R.L.", "corralondonpedro"),
    ("Veterinaria Patitas", "patitas"),
    ("Librería El Ateneo Chico", "ateneochico"),
    ("Frigorífico Rincón S.A.", "frigorincon"),
    ("Muebles Castelar", "mueblescastelar"),
    ("Estudio Contable Prieto & Asociados", "estudioprieto"),
    ("Hotel Costa Serena", "costaserena"),
    ("Agropecuaria La Tranquera S.A.", "latranquera"),
    ("Pinturerías Arcoíris", "pinturerias-arcoiris"),
    ("Lácteos del Litoral S.A.", "lacteosdellitoral"),
    ("Clínica Santa Rosa", "clinicasantarosa"),
    ("Transportes Ñandú S.R.L.", "transportesnandu"),
    ("Vivero Las Magnolias", "viveromagnolias"),
)
FIRST_NAMES = (
    "Laura", "Diego", "Sofía", "Gabriel", "Marina", "Hernán", "Valeria", "Ezequiel", "Florencia", "Osvaldo",
    "Camila", "Rubén", "Julieta", "Esteban", "Rocío", "Mariano", "Agustina", "Leandro", "Silvina", "Ignacio",
    "Noelia", "Facundo", "Graciela", "Tomás", "Yanina", "Federico", "Micaela", "Horacio", "Belén", "Joaquín",
)  # fmt: skip
LAST_NAMES = (
    "Giménez", "Albornoz", "Ferreyra", "Acosta", "Benítez", "Domínguez", "Ledesma", "Peralta", "Villalba",
    "Ojeda", "Cabrera", "Godoy", "Maldonado", "Arce", "Bustos", "Quiroga", "Ibáñez", "Zárate", "Toledo",
    "Núñez", "Correa", "Páez", "Luna", "Coronel", "Vera", "Escobar", "Méndez", "Rivarola", "Sánchez",
    "Moyano",
)  # fmt: skip
PLACES = (
    "Rosario", "Morón", "La Plata", "Pilar", "Lanús", "Córdoba", "Neuquén", "Tandil", "Quilmes", "San Isidro",
    "Mar del Plata", "Paraná", "Avellaneda", "Bahía Blanca", "Mendoza",
)  # fmt: skip
POSITIONS = ("Administración", "Compras", "Sistemas", "Gerencia", "Encargada del local", "Tesorería", "Caja")
PROGRAMS = ("gmail", "outlook", "phone")


@dataclass(frozen=True, slots=True)
class Firm:
    """A company that is served, with the towns it has branches in."""

    name: str
    cuit: str
    domain: str
    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Player:
    """A person of the demo and their habits."""

    email: str
    name: str
    firm: Firm | None = None  # None: of the team
    registered: bool = True
    writes_by_web: float = 0.0  # how often, from 0 to 1
    program: str = "gmail"
    proven: bool = True  # their provider signs, so our border says pass
    signature: str = ""
    phone: str | None = None

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic as it is set up; the file its stories stand in; who answers it."""

    name: str
    address: str
    description: str
    stories: str
    operators: tuple[Player, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, and the topics. The first client and the first operator are those to sign in as."""

    administrator: Player
    operators: tuple[Player, ...]
    clients: tuple[Player, ...]
    topics: tuple[Subject, ...]


def make_cast(dice: Random) -> Cast:
    """Return the people of the demo, the same for the same dice."""
    martin = _of_the_team("Martín Sosa", by_web=0.55)
    carla = _of_the_team("Carla Núñez", by_web=0.4)
    paula = _of_the_team("Paula Ibarra", by_web=0.7, program="outlook")
    nicolas = _of_the_team("Nicolás Roldán", by_web=0.3, program="outlook")
    topics = (
        Subject(
            "Facturación",
            f"facturacion@{HOUSE}",
            "Facturas, notas de crédito, CAE, ARCA e impuestos",
            "facturacion",
            (martin, paula),
        ),
        Subject(
            "Impresoras fiscales",
            f"impresoras@{HOUSE}",
            "Controladores fiscales, comanderas, tiques y cierres Z",
            "impresoras-fiscales",
            (martin, nicolas),
        ),
        Subject(
            "Punto de venta",
            f"pdv@{HOUSE}",
            "Cajas, precios, stock, promociones y cobros",
            "punto-de-venta",
            (paula, martin),
        ),
        Subject(
            "Accesos",
            f"accesos@{HOUSE}",
            "Usuarios, contraseñas, permisos, correo y VPN",
            "accesos",
            (carla, nicolas),
        ),
        Subject(
            "Redes y servidores",
            f"redes@{HOUSE}",
            "Internet, wifi, servidores, copias de seguridad y equipos",
            "redes-y-servidores",
            (nicolas, carla),
        ),
    )
    firms = tuple(_firm(dice, *each) for each in COMPANIES)
    return Cast(
        administrator=_of_the_team("Adriana Vélez", by_web=1.0),
        operators=(martin, carla, paula, nicolas),
        clients=tuple(_clients(dice, firms)),
        topics=topics,
    )


def plain(text: str) -> str:
    """Return a name as it stands in an address: lower case, without accents or blanks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if each.isascii() and (each.isalnum() or each == "-"))


def some_cuit(dice: Random, prefix: str) -> str:
    """Return a number that passes for a CUIT; whether anybody has it nobody can know."""
    number = f"{prefix}{dice.randrange(50_000_000, 80_000_000)}"
    digit = str(cuit_number.calc_check_digit(number))
    return number + digit if digit.isdigit() else some_cuit(dice, prefix)


def _of_the_team(name: str, *, by_web: float, program: str = "gmail") -> Player:
    first, last = map(plain, name.split(" "))
    return Player(
        f"{first}.{last}@{HOUSE}", name, writes_by_web=by_web, program=program, signature=f"{name}\nSysmo"
    )


def _firm(dice: Random, name: str, label: str) -> Firm:
    return Firm(
        name, some_cuit(dice, "30"), f"{label}.example", tuple(dice.sample(PLACES, k=dice.choice((1, 2, 3))))
    )


def _clients(dice: Random, firms: tuple[Firm, ...]) -> list[Player]:
    """Two or three people a company; some never registered, and some providers sign nothing."""
    found: list[Player] = []
    names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    dice.shuffle(names)
    first_of_all = ("Laura", "Giménez")
    names.remove(first_of_all)
    names.append(first_of_all)
    for number, firm in enumerate(firms):
        for _ in range(dice.choice((2, 2, 3, 4)) if number else 3):
            first, last = names.pop()
            registered = not found or dice.random() < 0.75
            found.append(
                Player(
                    email=f"{plain(first)}.{plain(last)}@{firm.domain}",
                    name=f"{first} {last}",
                    firm=firm,
                    registered=registered,
                    writes_by_web=dice.choice((0.0, 0.15, 0.35, 0.9)) if registered else 0.0,
                    program=dice.choice(PROGRAMS),
                    proven=not found or number % 5 != 4,
                    signature=_signature(dice, first, last, firm),
                    phone=f"+54 11 {dice.randrange(4000, 5000)}-{dice.randrange(1000, 9999)}",
                )
            )
    return found


def _signature(dice: Random, first: str, last: str, firm: Firm) -> str:
    match dice.randrange(4):
        case 0:
            return first
        case 1:
            return f"Saludos,\n{first}"
        case 2:
            return f"Gracias y saludos\n\n{first} {last}\n{dice.choice(POSITIONS)}\n{firm.name}"
        case _:
            return f"{first} {last}\n{firm.name}"
