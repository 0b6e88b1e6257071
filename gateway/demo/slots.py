"""What stands in the braces of a story: numbers, models and names, new for each request."""

from datetime import datetime, timedelta
from random import Random

from gateway.demo.cast import FIRST_NAMES, LAST_NAMES, Player, plain, some_cuit

WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
FISCAL_PRINTERS = ("Epson TM-T900FA", "Hasar 250F", "Epson TM-U220AFII", "Hasar 1000F", "Moretti Kinder")
PRINTERS = ("Zebra ZD220", "3nStar RPT008", "Brother QL-820", "Epson TM-T20III", "Xprinter XP-80")
PRODUCTS = (
    "aceite de girasol 900 ml", "yerba 1 kg", "alfajores triples", "pintura látex 20 l",
    "cable unipolar 2,5 mm", "harina 0000", "guantes de nitrilo", "lámparas LED 9 W", "queso cremoso",
    "detergente 750 ml",
)  # fmt: skip


def fill_in(dice: Random, client: Player, colleague: str, at: datetime) -> dict[str, str]:
    """Return a value for every name a story may hold."""
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    branch = dice.choice(client.firm.branches) if client.firm else "Morón"
    point = f"{dice.randrange(1, 12):04}"
    thousands = dice.randrange(24, 4800)
    letter = dice.choice(("Factura A", "Factura A", "Factura B"))
    return {
        "pv": point,
        "comp": f"{letter} {point}-{dice.randrange(200, 42_000):08}",
        "nro": str(dice.randrange(1200, 98_000)),
        "chico": str(dice.randrange(6, 48)),
        "importe": f"$ {thousands // 1000}.{thousands % 1000:03}.{dice.randrange(100, 999)},00"
        if thousands >= 1000
        else f"$ {thousands}.{dice.randrange(100, 999)},50",
        "cae": f"7{dice.randrange(10**12, 10**13)}",
        "fiscal": dice.choice(FISCAL_PRINTERS),
        "impresora": dice.choice(PRINTERS),
        "producto": dice.choice(PRODUCTS),
        "sucursal": branch,
        "caja": str(dice.randrange(1, 6)),
        "usuario": plain(first[0] + last),
        "persona": f"{first} {last}",
        "ip": f"192.168.{dice.randrange(1, 30)}.{dice.randrange(20, 240)}",
        "equipo": f"{plain(branch)[:3].upper()}-PC{dice.randrange(2, 30):02}",
        "version": f"4.{dice.randrange(8, 14)}.{dice.randrange(0, 9)}",
        "dia": dice.choice(WEEKDAYS),
        "hora": f"{dice.randrange(8, 18)}:{dice.choice((0, 10, 15, 30, 40)):02}",
        "mes": MONTHS[(at.month - 2) % 12],
        "fecha": f"{at + timedelta(days=dice.randrange(6, 20)):%d/%m/%Y}",
        "cuitc": some_cuit(dice, "33"),
        "colega": colleague,
        "cli": client.first_name,
    }
