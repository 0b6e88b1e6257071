"""Thumbnails: drawn from any picture, by a child that a hostile one may harm and nothing else (D7, W13)."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from gateway.reader.pictures import Kept, Thumbnails

CHUNK = struct.Struct("!I4s")


def drawn(kind: str, size: tuple[int, int] = (900, 300), **more: object) -> bytes:
    octets = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(octets, kind, **more)
    return octets.getvalue()


def png_of(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that says it is this large, whatever it holds."""
    head = (b"IHDR", struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        CHUNK.pack(len(data), name) + data + struct.pack("!I", zlib.crc32(name + data))
        for name, data in (head, *chunks, (b"IEND", b""))
    )


@pytest.fixture(scope="module")
def thumbnails() -> Iterator[Thumbnails]:
    made = Thumbnails()
    yield made
    made.close()


@pytest.fixture
def unruly() -> Iterator[Thumbnails]:
    made = Thumbnails(child_module="tests.inbound.unruly_picture_child", wall_seconds=30)
    yield made
    made.close()


def kept(thumbnails: Thumbnails, raw: bytes) -> bytes | None:
    name = str(hash(raw))
    thumbnails.draw(name, raw)
    assert name in thumbnails.kept
    return thumbnails.kept.get(name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_each_kind_of_picture_has_a_small_one_without_what_else_it_said(
    kind: str, thumbnails: Thumbnails
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canario en los metadatos"
    more = {} if kind == "GIF" else {"exif": exif}
    small = kept(thumbnails, drawn(kind, **more))
    assert small is not None
    assert b"canario" not in small
    with Image.open(BytesIO(small)) as image:
        assert (image.format, image.size) == ("WEBP", (640, 213))
        assert not image.getexif()


def test_a_photo_held_upright_stands_upright(thumbnails: Thumbnails) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    small = kept(thumbnails, drawn("JPEG", exif=exif))
    assert small is not None
    with Image.open(BytesIO(small)) as image:
        assert image.height > image.width


def test_what_is_clear_stays_clear(thumbnails: Thumbnails) -> None:
    octets = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(octets, "PNG")
    small = kept(thumbnails, octets.getvalue())
    assert small is not None
    with Image.open(BytesIO(small)) as image:
        assert image.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GIF89a<script>alert(1)</script>", id="a script that begins as a GIF"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(drawn("PNG")[:200], id="cut short"),
        pytest.param(drawn("PNG")[:60] + bytes(500), id="corrupt"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + drawn("JPEG"), id="one kind in the skin of another"),
        pytest.param(drawn("BMP"), id="a kind that is not shown"),
        pytest.param(drawn("TIFF"), id="another"),
        pytest.param(png_of(60_000, 60_000, (b"IDAT", zlib.compress(b""))), id="a bomb by its size alone"),
        pytest.param(png_of(8_000, 8_000, (b"IDAT", zlib.compress(bytes(10**7)))), id="over the pixels"),
        pytest.param(
            png_of(8, 8, (b"zTXt", b"x\x00\x00" + zlib.compress(bytes(10**8))), (b"IDAT", b"")),
            id="a bomb in its comment",
        ),
        pytest.param(png_of(0, 0), id="no size"),
        pytest.param(b"GIF89a" + b"\xff\xff\xff\xff" + bytes(40), id="a GIF of 65535 squared"),
        pytest.param(b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 60, id="a WebP that lies"),
        pytest.param(b"\xff\xd8\xff" + b"\xff" * 5_000, id="a JPEG of nothing but markers"),
    ],
)
def test_what_is_no_picture_or_too_large_a_one_has_none_and_harms_nothing(
    raw: bytes, thumbnails: Thumbnails
) -> None:
    assert kept(thumbnails, raw) is None
    assert kept(thumbnails, drawn("PNG", (20, 20))) is not None


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param(b"spin", "died", id="uses up its time"),
        pytest.param(b"devour", "memory", id="swells"),
        pytest.param(b"die", "died", id="dies"),
        pytest.param(b"flood", "nonsense", id="answers too much"),
        pytest.param(b"open", "OSError", id="opens a file"),
        pytest.param(b"connect", "OSError", id="opens a connection"),
        pytest.param(b"start", "OSError", id="starts a program"),
    ],
)
def test_a_child_that_misbehaves_costs_its_own_picture_alone(
    word: bytes, reason: str, unruly: Thumbnails
) -> None:
    assert unruly.draw("bad", word) == reason
    assert unruly.kept.get("bad") is None
    assert unruly.draw("good", drawn("PNG", (20, 20))) == ""
    assert unruly.kept.get("good") is not None


def test_a_child_that_hangs_is_ended() -> None:
    made = Thumbnails(child_module="tests.inbound.unruly_picture_child", wall_seconds=1)
    assert made.draw("bad", b"hang") == "timeout"
    assert made.kept.get("bad") is None
    made.close()


def test_the_child_has_no_secret(unruly: Thumbnails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSMO_SECRET", "canario")
    unruly.draw("x", b"environment")
    assert b"canario" not in (unruly.kept.get("x") or b"canario")


def test_without_a_child_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Thumbnails(child_module="tests.inbound.no_such_child")
    assert made.draw("x", drawn("PNG")) == "no-child"
    assert "x" not in made.kept
    made.close()


def test_the_last_ones_are_kept_within_a_bound() -> None:
    some = Kept(1_000)
    for each in ("a", "b", "c"):
        some.put(each, b"x" * 200)
        some.get("a")
    assert [each in some for each in ("a", "b", "c")] == [True, False, True]
    some.put("d", b"x" * 5_000)
    assert "d" not in some
    for each in range(50):
        some.put(str(each), None)
    assert sum(str(each) in some for each in range(50)) == 5
