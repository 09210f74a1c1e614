import pytest
import typer

from sav_core.cli.console import exit_status
from sav_core.cli.space import space_app
from tests.core.deploy.test_space import change, small_project


@pytest.fixture
def project(tmp_path):
    return small_project(tmp_path)


@pytest.fixture
def space(capsys):
    """Run ``space ...`` as the command line does; returns status, standard output and standard error."""
    app = typer.Typer()
    app.add_typer(space_app, name="space")

    def run(*arguments):
        status = exit_status(lambda: app(["space", *map(str, arguments)], standalone_mode=False))
        return (status, *capsys.readouterr())

    return run


def test_check_is_silent_about_what_fits_and_exits_2_on_drift(space, project):
    assert space("check", "--root", project)[0] == 0
    change(project, 'title = "SAV Explorer"', 'title = "Other"')
    status, output, error = space("check", "--root", project)
    assert (status, output) == (2, "")
    assert error == "error: The front matter of README.md is not that of the Spacefile: run `space render`.\n"


def test_render_brings_back_what_check_wants(space, project):
    change(project, 'title = "SAV Explorer"', 'title = "Other"')
    assert space("render", "--root", project) == (0, "README.md brought up to date.\n", "")
    assert space("render", "--root", project) == (0, "README.md was up to date.\n", "")
    assert space("check", "--root", project)[0] == 0


def test_a_dry_run_says_everything_and_calls_nothing(space, project, monkeypatch):
    monkeypatch.setattr("huggingface_hub.HfApi", None)
    status, output, _ = space("deploy", "me/space", "--dry-run", "--root", project)
    assert status == 0
    assert output.startswith("create_repo(repo_id='me/space'")
    assert "\n  sav_ui/templates/c.html\n" in output


def test_deploy_tells_each_call_and_where_to_look(space, project, monkeypatch):
    class Api:
        def __getattr__(self, name):
            return lambda **_: None

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    status, output, _ = space("deploy", "me/space", "--root", project)
    assert status == 0
    assert "request_space_hardware(repo_id='me/space', hardware='zero-a10g')" in output
    assert output.endswith("Sent 10 files. See https://huggingface.co/spaces/me/space\n")


def test_a_folder_without_spacefile_exits_2(space, tmp_path):
    status, _, error = space("check", "--root", tmp_path)
    assert status == 2
    assert "There is no Spacefile" in error
