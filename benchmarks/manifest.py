"""Mails as files and a manifest of them, which the client that brings them reads."""

import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.corpus import Letter
from benchmarks.figures import tell
from benchmarks.wire import Route, render


def write(folder: Path, mails: Iterable[tuple[Letter, Route]]) -> Path:
    """Write mails and their manifest into a folder; return the manifest."""
    folder.mkdir(parents=True)
    lines = []
    size = 0
    for number, (letter, route) in enumerate(mails):
        file = f"{number:06}.eml"
        size += (folder / file).write_bytes(render(letter, route))
        lines.append({"sender": letter.writer.email, "recipient": route.to, "file": file})
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    tell("corpus", f"{len(lines)} mails, {size / 1e6:.1f} MB, {size / 1e3 / max(len(lines), 1):.1f} KB each")
    return manifest
