"""The process in which pictures of strangers are drawn small: it opens nothing, writes nothing, owns nothing.

Run as `python -m gateway.reader.picture_child` with pipes for standard input and output. It says that it
is ready, then answers one picture after the other: a WebP without metadata, or why there is none. It
ends when its parent does, and by the kernel's hand during a picture that uses up its time (D7, W13).
"""

import warnings
from collections.abc import Callable
from io import BytesIO

from PIL import (
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from gateway.reader import confinement
from gateway.rules import limits
from gateway.rules.attachments import HEAD_OCTETS, PICTURES, picture_type

_DRAWN_BY = (
    PngImagePlugin,
    JpegImagePlugin,
    GifImagePlugin,
    WebPImagePlugin,
    MpoImagePlugin,  # photos of some telephones: a JPEG with more behind it
    TiffImagePlugin,  # reads which side of a photo is up
)
"""Imported while files may still be opened."""

_QUALITY = 78


class NoPicture(Exception):
    """It is none that we show, or too large a one."""


def serve(draws: Callable[[bytes], bytes], *, processor_seconds: int = limits.PICTURE_CPU_SECONDS) -> None:
    """Answer pictures with `draws` until the input ends. The limits hold from here on."""
    requests, answers = confinement.pipes()
    confinement.limit_process(limits.PICTURE_MEMORY)
    _warm_up()
    confinement.close_the_doors()
    confinement.send(answers, "ready")
    while (request := confinement.receive(requests)) is not None:
        confinement.limit_time(processor_seconds)
        try:
            drawn = draws(request[1])
        except MemoryError:
            confinement.send(answers, {"failed": "memory", "ends": True})
            return
        except Exception as error:  # the name of a class tells no secret of a picture
            confinement.send(answers, {"failed": type(error).__name__, "ends": False})
        else:
            confinement.send(answers, {"failed": "", "ends": False}, drawn)


def thumbnail(raw: bytes) -> bytes:
    """Return a picture within the size of a thumbnail, its first frame, upright, without metadata."""
    found = picture_type(raw[:HEAD_OCTETS])
    if found is None:
        raise NoPicture
    with Image.open(BytesIO(raw), formats=(PICTURES[found],)) as image:
        if image.width * image.height > limits.PICTURE_PIXELS:
            raise NoPicture
        image.draft("RGB", limits.THUMBNAIL)  # a JPEG is decoded small in the first place
        picture = ImageOps.exif_transpose(image)
    picture.thumbnail(limits.THUMBNAIL)
    plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    drawn = BytesIO()
    plain.save(drawn, "WEBP", quality=_QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    if drawn.tell() > limits.THUMBNAIL_OCTETS:
        raise NoPicture
    return drawn.getvalue()


def _warm_up() -> None:
    """Draw one of each kind: what the library loads at its first picture is loaded now."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for kind in PICTURES.values():
        drawn = BytesIO()
        more = {} if kind == "GIF" else {"exif": turned}
        Image.new("RGB", (2, 1)).save(drawn, kind, **more)
        thumbnail(drawn.getvalue())


if __name__ == "__main__":
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = limits.PICTURE_PIXELS
    Image.preinit()
    serve(thumbnail)
