"""The command line of the Space: ``python -m sav_core space render | check | deploy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sav_core.cli.console import print_line
from sav_core.errors import InputError

__all__ = ["space_app"]

space_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Put the app on a HuggingFace Space, as the [bold]Spacefile[/bold] describes it.",
)

Root = Annotated[Path, typer.Option("--root", help="The project's folder; here unless given.")]


@space_app.command(epilog="Example: [bold]python -m sav_core space render[/bold]")
def render(root: Root = Path()) -> None:
    """Write the front matter of README.md from the Spacefile."""
    from sav_core.deploy.space import render as render_front_matter

    changed = render_front_matter(root)
    print_line("README.md brought up to date." if changed else "README.md was up to date.")


@space_app.command(epilog="Example: [bold]python -m sav_core space check[/bold]")
def check(root: Root = Path()) -> None:
    """Compare the Spacefile with README.md, requirements.txt and the files; exit status 2 when something does not fit."""
    from sav_core.deploy.space import find_drift

    if drift := find_drift(root):
        raise InputError(" ".join(drift))
    print_line("README.md, requirements.txt and the files are as the Spacefile says.")


@space_app.command(epilog="Example: [bold]python -m sav_core space deploy me/sav-explorer --dry-run[/bold]")
def deploy(
    repo_id: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The Space; made if there is none yet.")],
    root: Root = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be called and sent.")] = False,
) -> None:
    """Send the app to a Space, with its variables and hardware. Secrets are set by hand in the Space's settings."""
    from sav_core.deploy.space import plan_deployment

    plan = plan_deployment(root, repo_id)
    if dry_run:
        print_line(str(plan))
        return
    from huggingface_hub import HfApi

    plan.run(HfApi(), progress=lambda call: print_line(str(call)))
    print_line(f"Sent {len(plan.files)} files. See https://huggingface.co/spaces/{repo_id}")
    if plan.secrets:
        print_line(f"To be set by hand in the Space's settings: {', '.join(plan.secrets)}")
