"""`sysmo backup` and `sysmo restore`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import inspect

from gateway.catalogue import _
from gateway.cli import archive
from gateway.cli.archive import Manifest
from gateway.cli.output import progress
from gateway.cli.request import Request, request_of, say
from gateway.db import Database
from gateway.errors import Invalid
from gateway.migrations import HEAD, check_schema
from gateway.services import outbox
from gateway.startup import open_database, read_secret

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")]


def backup(context: typer.Context, folder: Folder) -> None:
    """Save database, blobs and key to a new folder, while everything runs."""
    request = request_of(context)
    url = request.config.database.url.get_secret_value()
    with request.runtime() as runtime:
        archive.new_folder(folder)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        engine = runtime.db.engine.dialect.name
        archive.save_database(runtime.db, url, folder)
        archive.save_secret(runtime.secret, folder / archive.SECRET)
        _copy_blobs(request, runtime.blobs, folder / archive.BLOBS)
        archive.write_manifest(folder, Manifest(engine, HEAD, made_at))
    words = request.words(_("Saved to {folder}. The configuration is not part of it: keep it, too."))
    say(words.format(folder=folder))


def restore(context: typer.Context, folder: Folder) -> None:
    """Fill an empty installation from a backup; mail out stays paused until it is released."""
    request = request_of(context)
    config = request.config
    url = config.database.url.get_secret_value()
    manifest = archive.read_manifest(folder)
    _refuse_full(request, manifest)
    saved_secret = (folder / archive.SECRET).read_bytes().strip()
    if not config.site.secret.get_secret_value() and not config.site.secret_file.exists():
        config.site.secret_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        archive.save_secret(saved_secret, config.site.secret_file)
    if read_secret(config.site) != saved_secret:
        raise Invalid("[site] secret", _("It is another than that of the backup."))
    _copy_blobs(request, folder / archive.BLOBS, Path(config.storage.url))
    archive.load_database(url, folder)
    database = open_database(config)
    try:
        with database.transaction() as session:
            outbox.pause(session, outbox.UNTIL_RELEASED)
        say(request.words(_("Restored. Outgoing e-mail is paused; to let it go: sysmo mail release")))
        check_schema(database)
    finally:
        database.close()


def _copy_blobs(request: Request, source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = list(archive.files_of(source))
    with progress(files, label=request.words(_("Copying the blobs")), length=len(files)) as shown:
        for file in shown:
            archive.copy_blob(file, target)


def _refuse_full(request: Request, manifest: Manifest) -> None:
    """A backup goes into an empty database of its own kind, so that nothing can be lost by it."""
    database: Database = open_database(request.config)
    try:
        if database.engine.dialect.name != manifest.engine:
            raise Invalid(
                "[database] url", _("The backup is of another database: {engine}."), engine=manifest.engine
            )
        if inspect(database.engine).get_table_names():
            raise Invalid("[database] url", _("The database is not empty; restore into a new one."))
    finally:
        database.close()
