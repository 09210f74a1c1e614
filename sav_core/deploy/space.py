"""The HuggingFace Space as its ``Spacefile`` describes it: the README's front matter, whether all is true, the deployment.

    facts = read_spacefile(root)
    render(root)                        # the front matter at the top of README.md, from the Spacefile
    find_drift(root)                    # sentences that say what no longer fits together; empty when all does
    plan = plan_deployment(root, "name/space")
    print(plan)                         # what would be called with what, and every file
    plan.run(HfApi())

The hub reads nothing but the README, so the Spacefile is written into that; whatever else is told twice is compared.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import CardData
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # re-exported without saying so
    DEFAULT_IGNORE_PATTERNS,
    filter_repo_objects,
    validate_repo_id,
)

from sav_core.deploy.spacefile import Spacefile, parse_spacefile
from sav_core.errors import InputError, SavError
from sav_core.files import write_atomically

__all__ = ["Call", "Deployment", "find_drift", "plan_deployment", "read_spacefile", "render", "render_readme"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n.*?^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_HUB_ERRORS: tuple[Any, ...] = (*HfHubHTTPError.__bases__, ValueError)  # its own, and those of the network below it
_NOTE = "# Written by `python -m sav_core space render` from the Spacefile: edit that, then run it again."


def read_spacefile(root: Path) -> Spacefile:
    """Read the ``Spacefile`` of a project.

    Raises:
        InputError: there is none, it is no TOML, or a fact is missing, unknown or not what the hub accepts.
    """
    path = root / "Spacefile"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"There is no Spacefile in {str(root)!r}: run this in the project's folder.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The Spacefile cannot be read as TOML: {error}.") from error
    return parse_spacefile(table)


def render(root: Path) -> bool:
    """Bring the front matter of README.md up to date with the Spacefile.

    Returns:
        Whether anything changed.

    Raises:
        InputError: the Spacefile is wrong, or there is no README.md.
        StorageError: README.md cannot be written.
    """
    path, before = root / "README.md", _text(root / "README.md")
    if before is None:
        raise InputError("There is no README.md to put the front matter into: write one first.")
    after = render_readme(before, read_spacefile(root))
    if after != before:
        write_atomically(path, after.encode())
    return after != before


def render_readme(readme: str, facts: Spacefile) -> str:
    """Return a README with its front matter replaced, or put at the very top when it has none."""
    front_matter = f"---\n{_NOTE}\n{CardData(**facts.space).to_yaml()}\n---\n"
    rest = _FRONT_MATTER.sub("", readme, count=1)
    return front_matter + (rest if rest.startswith(("\n", "\r\n")) or not rest else "\n" + rest)


def find_drift(root: Path) -> list[str]:
    """Return what no longer fits the Spacefile, a sentence each with what to do about it.

    Raises:
        InputError: the Spacefile itself is wrong.
    """
    facts = read_spacefile(root)
    drift = []
    pins = re.findall(r"^gradio==(\S+)", _text(root / "requirements.txt") or "", re.MULTILINE)
    if pins != [facts.space["sdk_version"]]:
        drift.append(
            f"The Spacefile says sdk_version {facts.space['sdk_version']} but requirements.txt pins gradio to "
            f"{' and '.join(pins) or 'no exact version'}: make the two equal."
        )
    if not (root / facts.space["app_file"]).is_file():
        drift.append(f"The Spacefile says app_file {facts.space['app_file']!r} but there is no such file: name the app.")
    readme = _text(root / "README.md")
    if readme is None:
        drift.append("There is no README.md, which is all that the hub reads: write one and run `space render`.")
    elif render_readme(readme, facts) != readme:
        drift.append("The front matter of README.md is not that of the Spacefile: run `space render`.")
    sent = set(_files(root, facts))
    for pattern in facts.files:
        if not any(filter_repo_objects(sent, allow_patterns=[pattern])):
            drift.append(f"The Spacefile sends {pattern!r} but no file matches it: correct the pattern.")
    needed = {"README.md", "requirements.txt", facts.space["app_file"]}
    for file in sorted(file for file in needed - sent if (root / file).is_file()):
        drift.append(f"A Space cannot run without {file}, but the Spacefile does not send it: add it to files.")
    for file in _linked(readme or ""):
        if file not in sent:
            drift.append(f"README.md links {file}, which the Spacefile does not send: add it to files, or mend the link.")
    return drift


@dataclass(frozen=True)
class Call:
    """One call of ``huggingface_hub.HfApi``: a method's name and its arguments."""

    method: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


@dataclass(frozen=True)
class Deployment:
    """What a deployment does, before it does it; printed, it says all of it.

    Attributes:
        calls: in their order.
        files: what the upload sends, relative to the project's folder.
        secrets: names that have to be set by hand in the Space's settings.
    """

    calls: tuple[Call, ...]
    files: tuple[str, ...]
    secrets: tuple[str, ...]

    def __str__(self) -> str:
        secrets = [f"To be set by hand in the Space's settings: {', '.join(self.secrets)}"] if self.secrets else []
        files = [f"  {file}" for file in self.files]
        return "\n".join([*map(str, self.calls), f"The upload sends {len(self.files)} files:", *files, *secrets])

    def run(self, api: Any, progress: Callable[[Call], None] | None = None) -> None:
        """Do it.

        Args:
            api: a ``huggingface_hub.HfApi`` that is logged in.
            progress: told of each call before it is made.

        Raises:
            SavError: the hub refuses a call, or cannot be reached.
        """
        for call in self.calls:
            if progress is not None:
                progress(call)
            try:
                getattr(api, call.method)(**call.arguments)
            except _HUB_ERRORS as error:
                line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
                raise SavError(f"The hub did not accept {call.method} ({line}): is `hf auth login` done?") from error


def plan_deployment(root: Path, repo_id: str) -> Deployment:
    """Say what it takes to bring a project to a Space, made if there is none yet.

    Variables and hardware come before the files, so that the Space is built once. Files in the Space that are not sent
    are removed from it.

    Args:
        root: the project's folder.
        repo_id: ``owner/name`` of the Space.

    Raises:
        InputError: the Spacefile is wrong, something no longer fits it, or that is no name of a Space.
    """
    facts = read_spacefile(root)
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise InputError(f"A Space is named owner/name, but {repo_id!r} came.") from error
    if "/" not in repo_id:
        raise InputError(f"A Space is named owner/name, but {repo_id!r} came: put the owner in front.")
    if drift := find_drift(root):
        raise InputError(" ".join(drift))
    space = {"repo_id": repo_id, "repo_type": "space"}
    upload = {"allow_patterns": list(facts.files), "ignore_patterns": list(facts.ignore), "delete_patterns": ["*"]}
    return Deployment(
        calls=(
            Call("create_repo", {**space, "space_sdk": facts.space["sdk"], "exist_ok": True}),
            *(
                Call("add_space_variable", {"repo_id": repo_id, "key": key, "value": value})
                for key, value in facts.variables.items()
            ),
            Call("request_space_hardware", {"repo_id": repo_id, "hardware": facts.space["suggested_hardware"]}),
            Call("upload_folder", {**space, "folder_path": str(root), **upload, "commit_message": "Deploy"}),
        ),
        files=tuple(_files(root, facts)),
        secrets=facts.secrets,
    )


def _linked(readme: str) -> list[str]:
    """The project's own files that a README links or shows, each once: on a Space there is nothing but what was sent."""
    links = re.findall(r"\]\(([^)\s]+)|\b(?:src|href)=\"([^\"]+)", readme)
    paths = {(inline or html).partition("#")[0].removeprefix("./") for inline, html in links}
    return sorted(path for path in paths if path and not re.match(r"[a-z]+:", path))


def _files(root: Path, facts: Spacefile) -> list[str]:
    """What ``upload_folder`` would send, found by its own rules."""
    folders = [path for path in root.iterdir() if path.is_dir() and _may_hold(path.name, facts.files)]
    every = [*root.iterdir(), *(path for folder in folders for path in folder.glob("**/*"))]
    names = sorted(path.relative_to(root).as_posix() for path in every if path.is_file())
    ignore = [*facts.ignore, *DEFAULT_IGNORE_PATTERNS]
    return list(filter_repo_objects(names, allow_patterns=list(facts.files), ignore_patterns=ignore))


def _may_hold(folder: str, patterns: Iterable[str]) -> bool:
    """Whether anything in a folder can match one of the patterns; virtual environments are large."""
    starts = [re.split(r"[*?[]", pattern)[0] for pattern in patterns]
    return any(f"{folder}/".startswith(start) or start.startswith(f"{folder}/") for start in starts)


def _text(path: Path) -> str | None:
    """The content of a file; ``None`` when there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
