"""`sysmo user`: who may sign in."""

import sys
from typing import Annotated

import typer
from sqlmodel import Session

from gateway.catalogue import label
from gateway.cli.output import print_json_list, print_table
from gateway.cli.request import Request, request_of, say
from gateway.errors import NotFound
from gateway.models.people import User
from gateway.models.site import Deed
from gateway.rules.people import Role
from gateway.runtime import Runtime
from gateway.services import accounts, audit, invitations, passwords, settings, transfer
from gateway.services.desk import Desk, open_desk

app = typer.Typer(no_args_is_help=True, help="Clients, operators and administrators.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address of the account.")]


@app.command()
def add(
    context: typer.Context,
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Name and surname.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    company: Annotated[str | None, typer.Option(help="The name of their company.")] = None,
    cuit: Annotated[str | None, typer.Option(help="The company's CUIT, 11 digits.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
    ] = False,
) -> None:
    """Add a confirmed user. Without a password they are sent a mail to set one."""
    request = request_of(context)
    config = request.config
    password_hash = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        with request.runtime() as runtime, runtime.db.snapshot() as session:
            site = settings.site_name(session, config.site)
        own_words = (name, company or "", email, site)
        passwords.check_rules(password, minimum=config.accounts.password_min, own_words=own_words)
        password_hash = passwords.hash_password(password)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        user = accounts.create_user(
            session,
            config.mail,
            email=email,
            name=name,
            role=role,
            company_name=company,
            cuit=cuit,
            password_hash=password_hash,
            language=config.site.language,
            now=runtime.now(),
        )
        audit.note(session, Deed.USER_ADDED, user.email, by=None, now=runtime.now(), role=role)
        if password_hash is None:
            desk = _desk(session, runtime)
            invitations.send(session, desk, user, new_account=True, now=runtime.now())
    _ = request.words
    say(_("Account of {email} added.").format(email=user.email))
    if password_hash is None:
        _say_sent(request, user)


@app.command("list")
def list_(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """List the accounts, oldest first."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.snapshot() as session:
        if as_json:
            print_json_list(transfer.user_lines(session))
            return
        users = accounts.list_users(session)
    _ = request.words
    print_table(
        (_("Address"), _("Name"), _("Role"), _("Status"), _("Company")),
        (
            (
                user.email,
                user.name,
                label(_, "role", user.role),
                label(_, "user", user.status),
                user.company or "",
            )
            for user in users
        ),
    )


@app.command()
def reset(context: typer.Context, email: Email) -> None:
    """Send a mail with a link that sets a new password."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        user = _found(session, email)
        invitations.reset(session, _desk(session, runtime), user, by=None, now=runtime.now())
    _say_sent(request, user)


@app.command()
def disable(context: typer.Context, email: Email) -> None:
    """Bar an account from signing in and acting, at once."""
    request = request_of(context)
    with request.runtime() as runtime, runtime.db.transaction() as session:
        user = _found(session, email)
        accounts.disable(session, user, now=runtime.now())
        audit.note(session, Deed.USER_DISABLED, user.email, by=None, now=runtime.now())
    _ = request.words
    say(_("Account of {email} disabled.").format(email=user.email))


def _found(session: Session, email: str) -> User:
    user = accounts.find_by_email(session, email)
    if user is None:
        raise NotFound(email)
    return user


def _desk(session: Session, runtime: Runtime) -> Desk:
    return settings.current(session, open_desk(runtime.config, runtime.secret))


def _say_sent(request: Request, user: User) -> None:
    _ = request.words
    say(_("An e-mail to set the password goes out to {email}.").format(email=user.email))
