import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import HfApi, metadata_load
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import DEFAULT_IGNORE_PATTERNS

from sav_core.deploy.space import Deployment, find_drift, plan_deployment, read_spacefile, render, render_readme
from sav_core.errors import InputError, SavError

ROOT = Path(__file__).resolve().parents[3]
HERE = (ROOT / "Spacefile").read_text()


def small_project(folder):
    """Write a small project that fits the real Spacefile."""
    files = ["LICENSE", "app.py", "assets/model/config.json", "docs/d.md", "sav_core/a.py", "sav_ui/b.py"]
    files += ["sav_ui/templates/c.html"]
    unsent = [
        "secret.env",
        "tests/test_a.py",
        ".venv/lib/d.py",
        "sav_core/__pycache__/a.pyc",
        "assets/.hidden",
        ".git/HEAD",
    ]
    for name in (*files, *unsent):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    version = re.search('sdk_version = "(.*)"', HERE)[1]
    (folder / "requirements.txt").write_text(f"# pages\ngradio=={version}\n")
    (folder / "README.md").write_text("# Title\n\nText, and a rule:\n\n---\n\nMore.\n")
    (folder / "Spacefile").write_text(HERE)
    render(folder)
    return folder


@pytest.fixture
def project(tmp_path):
    return small_project(tmp_path)


def change(project, old, new):
    text = (project / "Spacefile").read_text()
    assert old in text
    (project / "Spacefile").write_text(text.replace(old, new))


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="there is no README yet")
def test_this_project_fits_its_spacefile():
    assert find_drift(ROOT) == []


def test_the_front_matter_says_what_the_spacefile_says(project):
    facts = read_spacefile(project)
    readme = (project / "README.md").read_text()
    assert metadata_load(project / "README.md") == dict(facts.space)
    assert list(metadata_load(project / "README.md")) == list(facts.space)
    assert "🔭" in readme
    assert readme.endswith("---\n\n# Title\n\nText, and a rule:\n\n---\n\nMore.\n")


def test_rendering_twice_is_rendering_once(project):
    before = (project / "README.md").read_bytes()
    assert render(project) is False
    assert (project / "README.md").read_bytes() == before


def test_a_new_front_matter_replaces_the_old_and_nothing_else(project):
    change(project, 'title = "SAV Explorer"', 'title = "Another: title"')
    assert render(project) is True
    assert metadata_load(project / "README.md")["title"] == "Another: title"
    text = (project / "README.md").read_text()
    assert text.count("# Title") == 1
    assert text.count("\n---\n") == 2


@pytest.mark.parametrize("rest", ["", "# T\n", "\n# T\n", "---\n\nnot: closed\n"])
def test_any_readme_can_be_rendered(project, rest):
    facts = read_spacefile(project)
    once = render_readme(rest, facts)
    assert once.startswith("---\n#")
    assert once.endswith(rest)
    assert render_readme(once, facts) == once


def test_what_no_longer_fits_is_said_with_what_to_do(project):
    assert find_drift(project) == []
    change(project, 'title = "SAV Explorer"', 'title = "Other"')
    (project / "requirements.txt").write_text("gradio==1.2.3\n")
    (project / "app.py").unlink()
    drift = find_drift(project)
    assert len(drift) == 4
    for part in ("pins gradio to 1.2.3", "no such file: name the app", "run `space render`", "sends 'app.py' but no file"):
        assert any(part in sentence for sentence in drift)


def test_an_inexact_pin_a_missing_readme_and_an_unsent_file_are_drift(project):
    (project / "requirements.txt").write_text("gradio>=6\n")
    (project / "README.md").unlink()
    change(project, '"app.py", ', "")
    text = " ".join(find_drift(project))
    assert "to no exact version" in text
    assert "There is no README.md" in text
    assert "cannot run without app.py" in text


def test_what_the_readme_links_must_be_sent(project):
    readme = project / "README.md"
    readme.write_text(readme.read_text() + "\n[a](docs/d.md#part) [b](https://x.org/y) [c](#here) [d](mailto:a@b.c)\n")
    assert find_drift(project) == []
    readme.write_text(readme.read_text() + '[e](tests/test_a.py "title") <img src="gone.png">\n')
    said = find_drift(project)
    assert len(said) == 2
    assert "README.md links gone.png" in said[0]
    assert "README.md links tests/test_a.py" in said[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('emoji = "🔭"', 'emoji = "T"', "emoji must be an emoji, but is 'T'"),
        ('colorTo = "yellow"', 'colorTo = "beige"', "colorTo must be one of red"),
        ('sdk = "gradio"', 'sdk = "docker"', "sdk must be 'gradio'"),
        ('sdk_version = "6.31.0" ', 'sdk_version = ">=6"', "sdk_version must be an exact version"),
        (
            'python_version = "3.12"',
            "python_version = 3.12",
            "python_version must be a version such as '3.12', but is 3.12",
        ),
        ('short_description = "', f'short_description = "{"long " * 12}', "at most 60 characters"),
        ('"zero-a10g"', '"zero-h200"', "suggested_hardware must be one of cpu-basic"),
        ('"30m"', '"half an hour"', "startup_duration_timeout must be a duration"),
        ("preload_from_hub = [", 'preload_from_hub = ["a/b", ', "preloads 'a/b', which is not among its models"),
        ("models = [", 'models = ["Qwen/Qwen2-VL-2B-Instruct", ', "models must be a list of hub ids, each once"),
        ("pinned = false", "", r"\[space\] lacks pinned: add true or false"),
        ("pinned = false", "pinned = false\nmotto = 'x'", r"\[space\] has an unknown fact 'motto'"),
        ("[variables]", "[variable]", "unknown part 'variable'"),
        ("[deploy]", "[variables]\n[deploy]", "cannot be read as TOML"),
        ("secrets = []", 'secrets = ["KEY=value"]', "a list of names in capitals, without their values"),
        ("secrets = []", 'secrets = ["SAV_CACHE_GIB"]', "SAV_CACHE_GIB is also a secret"),
        ("[variables]", '[variables]\nSAV_ALLOWED_MODELS = "a"', "is made of its models"),
        ("[variables]", "[variables]\nSAV_N = 3", "SAV_N must have a name in capitals and a text, but is 3"),
    ],
)
def test_wrong_facts_are_named(project, old, new, message):
    change(project, old, new)
    with pytest.raises(InputError, match=message):
        read_spacefile(project)


def test_a_project_without_spacefile_or_readme_is_told(project):
    (project / "README.md").unlink()
    with pytest.raises(InputError, match=r"no README\.md .*: write one first"):
        render(project)
    (project / "Spacefile").unlink()
    with pytest.raises(InputError, match="There is no Spacefile"):
        find_drift(project)


def test_a_plan_says_every_call_and_every_file(project):
    plan = plan_deployment(project, "me/space")
    assert [call.method for call in plan.calls] == [
        "create_repo",
        "add_space_variable",
        "add_space_variable",
        "request_space_hardware",
        "upload_folder",
    ]
    assert str(plan.calls[0]) == "create_repo(repo_id='me/space', repo_type='space', space_sdk='gradio', exist_ok=True)"
    models = ",".join(read_spacefile(project).space["models"])
    assert plan.calls[2].arguments == {"repo_id": "me/space", "key": "SAV_ALLOWED_MODELS", "value": models}
    assert plan.files == (
        *("LICENSE", "README.md", "Spacefile", "app.py", "assets/model/config.json", "docs/d.md", "requirements.txt"),
        *("sav_core/a.py", "sav_ui/b.py", "sav_ui/templates/c.html"),
    )
    printed = str(plan).splitlines()
    assert set(printed) >= {*map(str, plan.calls), *(f"  {file}" for file in plan.files)}


def test_the_upload_sends_just_the_files_of_the_plan(project, monkeypatch):
    plan = plan_deployment(project, "me/space")
    upload = plan.calls[-1].arguments
    monkeypatch.setattr(HfApi, "_validate_yaml", lambda *_, **__: None)  # asks the hub
    sent = HfApi()._prepare_upload_folder_additions(
        upload["folder_path"], "", upload["allow_patterns"], [*upload["ignore_patterns"], *DEFAULT_IGNORE_PATTERNS]
    )
    assert tuple(each.path_in_repo for each in sent) == plan.files


def test_a_plan_is_done_call_by_call(project):
    plan, done, told = plan_deployment(project, "me/space"), [], []
    api = SimpleNamespace(
        **{call.method: lambda method=call.method, **arguments: done.append((method, arguments)) for call in plan.calls}
    )
    plan.run(api, told.append)
    assert done == [(call.method, dict(call.arguments)) for call in plan.calls]
    assert told == list(plan.calls)


def test_every_call_is_one_that_the_hub_client_has(project):
    import inspect

    for call in plan_deployment(project, "me/space").calls:
        inspect.signature(getattr(HfApi, call.method)).bind(None, **call.arguments)


@pytest.mark.parametrize(
    "error", [OSError("no route\nto host"), HfHubHTTPError.__bases__[0]("no route"), ValueError("no route")]
)
def test_a_hub_that_refuses_is_an_error_of_one_line(project, error):
    def refuse(**_):
        raise error

    plan = plan_deployment(project, "me/space")
    with pytest.raises(SavError, match=r"did not accept create_repo \(no route\)"):
        plan.run(SimpleNamespace(create_repo=refuse))


def test_secrets_are_named():
    assert "by hand in the Space's settings: A_KEY" in str(Deployment((), (), ("A_KEY",)))


def test_no_plan_is_made_of_a_project_that_does_not_fit_or_for_a_space_without_owner(project):
    for name in ("space", "a/b/c", "me/ space"):
        with pytest.raises(InputError, match="owner/name"):
            plan_deployment(project, name)
    change(project, 'title = "SAV Explorer"', 'title = "Other"')
    with pytest.raises(InputError, match="run `space render`"):
        plan_deployment(project, "me/space")
