"""The corpus: business mail of many clients in threads of 1 to 20, the same for the same seed.

A thread is a request and its answers, client and operator in turns. A third of the mails carry a
file. Nobody writes so often that a limit of the program would be what is measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from unicodedata import normalize

from benchmarks import words

SEED = 20260511
COUNT = 2000
OPERATORS_EACH = 3
THREADS_A_COMPANY = 3
WITH_FILES = 1 / 3
LENGTHS = {1: 45, 2: 15, 3: 12, 4: 8, 5: 6, 6: 4, 8: 4, 11: 3, 15: 2, 20: 1}
"""How long threads are, and how many of a hundred are so long."""
BEGAN = datetime(2026, 5, 11, 11, 30, tzinfo=UTC)


class Program(StrEnum):
    """What a mail is written with; each has its own MIME, marks of a quote and headers."""

    OUTLOOK = "outlook"
    GMAIL = "gmail"
    THUNDERBIRD = "thunderbird"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of attachment; sizes in octets, before base64, most of them nearer to the least."""

    content_type: str
    ending: str
    least: int
    most: int


SCREENSHOT = FileKind("image/png", "png", 30_000, 400_000)
DOCUMENT = FileKind("application/pdf", "pdf", 50_000, 600_000)
SHEET = FileKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of random octets, as good as compressed ones; they are made when the mail is."""

    kind: FileKind
    filename: str
    size: int
    seed: int

    def octets(self) -> bytes:
        return Random(self.seed).randbytes(self.size)  # noqa: S311  a corpus, no secret


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    company: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, before a mail program and an address to write to make octets of it."""

    thread: int
    place: int  # 0 opens the request; odd places are the operator's
    writer: Person
    program: Program
    topic: int
    subject: str
    paragraphs: tuple[str, ...]
    files: tuple[Attached, ...]
    at: datetime
    answers: "Letter | None"

    @property
    def message_id(self) -> str:
        return f"{self.thread}.{self.place}.{self.program}@{self.writer.email.rpartition('@')[2]}"


def make(count: int = COUNT, seed: int = SEED) -> list[Letter]:
    """Return `count` letters, thread by thread."""
    random = Random(seed)  # noqa: S311  a corpus, no secret
    letters: list[Letter] = []
    thread = 0
    while len(letters) < count:
        letters += _thread(random, thread)
        thread += 1
    return letters[:count]


def topic_address(topic: int) -> str:
    return f"tema{topic}@example.com"


def operators(topic: int) -> list[Person]:
    """Who serves a topic."""
    return [
        Person(f"{words.FIRST_NAMES[topic * 3 + each]} Operador", f"operador{topic}{each}@example.com", "")
        for each in range(OPERATORS_EACH)
    ]


def _thread(random: Random, number: int) -> Iterator[Letter]:
    (length,) = random.choices(list(LENGTHS), list(LENGTHS.values()))
    topic = number % len(words.TOPICS)
    client = _client(random, number)
    operator = operators(topic)[number // len(words.TOPICS) % OPERATORS_EACH]
    writes_with = {client: random.choice(list(Program)), operator: Program.OUTLOOK}
    subject = random.choice(words.SUBJECTS)
    at = BEGAN + timedelta(minutes=number)
    last: Letter | None = None
    for place in range(length):
        writer = operator if place % 2 else client
        last = Letter(
            thread=number,
            place=place,
            writer=writer,
            program=writes_with[writer],
            topic=topic,
            subject=subject,
            paragraphs=_paragraphs(random, writer),
            files=_files(random),
            at=at + timedelta(minutes=47 * place),
            answers=last,
        )
        yield last


def _client(random: Random, thread: int) -> Person:
    """A person for each thread, some to a company, each company with a domain of its own."""
    company, kind = thread // THREADS_A_COMPANY, thread // THREADS_A_COMPANY % len(words.KINDS)
    name = f"{random.choice(words.FIRST_NAMES)} {random.choice(words.LAST_NAMES)}"
    local = normalize("NFKD", name.lower()).encode("ascii", "ignore").decode().replace(" ", ".")
    return Person(
        name,
        f"{local}.{thread}@empresa{company}.example",
        f"{words.COMPANIES[company % len(words.COMPANIES)]} {words.KINDS[kind]}",
    )


def _paragraphs(random: Random, writer: Person) -> tuple[str, ...]:
    body = [
        " ".join(random.sample(words.SENTENCES, random.randint(1, 4))) for _ in range(random.randint(1, 3))
    ]
    signature = (random.choice(words.CLOSINGS), writer.name, random.choice(words.JOBS), writer.company)
    return (random.choice(words.GREETINGS), *body, *(line for line in signature if line))


def _files(random: Random) -> tuple[Attached, ...]:
    if random.random() >= WITH_FILES:
        return ()
    kinds = random.choices((SCREENSHOT, DOCUMENT, SHEET), (50, 30, 20), k=random.choice((1, 1, 1, 2)))
    return tuple(_file(random, kind) for kind in kinds)


def _file(random: Random, kind: FileKind) -> Attached:
    size = int(kind.least * (kind.most / kind.least) ** random.betavariate(1.3, 2.6))
    number = random.randrange(10_000)
    return Attached(kind, f"Captura de gestión {number}.{kind.ending}", size, random.getrandbits(64))
