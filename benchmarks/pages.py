"""`inbox` and `search`: pages of a help desk with a million requests, beside the same with a thousand.

Each figure is the median of milliseconds a page takes over HTTP, signed in, the reference that at 1,000
requests, taking turns. And pages a second of the inbox beside a bare page of the same template.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from urllib.parse import quote

from benchmarks import processes, years, years_texts
from benchmarks.figures import Figure, middle, tell
from benchmarks.scope import Scope

SMALL = 1_000
TURNS, WARM = 30, 5
BROWSERS, PAGES = 4, 50
INBOX = "/bandeja?vista=tematicas"


@dataclass(frozen=True, slots=True)
class Door:
    """Where one program listens, and who is signed in there."""

    connection: HTTPConnection
    cookie: str

    def seconds(self, path: str) -> float:
        """Ask for a page and read it; return how long that took."""
        began = perf_counter()
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status}")
        return perf_counter() - began


Page = tuple[Door, str]


def inbox(scope: Scope) -> list[Figure]:
    """Lists of the operator in their orders, the page of a request with 200 messages, and the bare page."""
    with _served(scope) as (small, large, bare):
        lists = {
            "inbox": INBOX,
            "inbox-all": f"{INBOX}&estado=todas",
            "inbox-waiting": f"{INBOX}&orden=espera",
        }
        figures = [_beside(name, (small, path), (large, path), scope) for name, path in lists.items()]
        long = (small, f"/solicitudes/{SMALL}"), (large, f"/solicitudes/{scope.requests}")
        return [
            *figures,
            _beside("inbox-200-messages", *long, scope),
            _rate("inbox-bare", small, bare, scope),
        ]


def search(scope: Scope) -> list[Figure]:
    """A word of every third request, a word of a dozen, and a phrase."""
    searches = {
        "search": years_texts.COMMON,
        "search-rare": years_texts.RARE,
        "search-phrase": '"nota de crédito pendiente"',
    }
    paths = {name: f"{INBOX}&estado=todas&q={quote(words)}" for name, words in searches.items()}
    with _served(scope) as (small, large, _):
        return [_beside(name, (small, path), (large, path), scope) for name, path in paths.items()]


def _beside(name: str, small: Page, large: Page, scope: Scope) -> Figure:
    """The medians of two pages asked for in turn, the first turns left out."""
    turns = [
        (large[0].seconds(large[1]), small[0].seconds(small[1])) for _ in range(WARM + TURNS * scope.rounds)
    ]
    ours, theirs = (1000 * median(each) for each in zip(*turns[WARM:], strict=True))
    tell(name, f"{ours:.1f} ms at {scope.requests}, {theirs:.1f} ms at {SMALL}")
    return Figure(name, ours, "ms", theirs)


def _rate(name: str, ours: Door, bare: Door, scope: Scope) -> Figure:
    """Pages a second for some browsers at once; the bare page repeats what ours showed last."""
    ours.seconds(INBOX)
    return middle([(_pages(ours), _pages(bare)) for _ in range(1 + scope.rounds)][1:], name, "pages/s")


def _pages(door: Door) -> float:
    """Return how many pages a second a program gives to browsers that each wait for their own."""

    def browse(_browser: int) -> None:
        own = Door(HTTPConnection("127.0.0.1", door.connection.port, timeout=60), door.cookie)
        for _ in range(PAGES):
            own.seconds(INBOX)
        own.connection.close()

    began = perf_counter()
    with ThreadPoolExecutor(BROWSERS) as browsers:
        list(browsers.map(browse, range(BROWSERS)))
    return BROWSERS * PAGES / (perf_counter() - began)


@contextmanager
def _served(scope: Scope) -> Iterator[tuple[Door, Door, Door]]:
    """The pages of both databases and the bare one, in a process of their own."""
    urls = []
    for requests in (SMALL, scope.requests):
        database = years.open_years(scope.data, requests, scope.database)
        address = database.engine.url
        plain = address.set(drivername=address.get_backend_name())
        urls.append(plain.render_as_string(hide_password=False))
        database.close()
    with processes.helper("years_server", *urls) as server:
        heard = server.hear()
        ports, cookies = heard["ports"], [*heard["cookies"], ""]
        connections = [HTTPConnection("127.0.0.1", port, timeout=60) for port in ports]
        try:
            small, large, bare = (Door(*each) for each in zip(connections, cookies, strict=True))
            yield small, large, bare
        finally:
            for connection in connections:
                connection.close()
