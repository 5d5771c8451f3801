"""The compiler of presets: it refuses every entry that is incomplete or wrong, and accepts those of the project."""

import copy
import os
import pathlib

import pytest
import yaml

import compile_presets

FOLDER = pathlib.Path(os.environ["SOURCE_ROOT"]) / "presets"
WANTED = """grafana nextcloud gitea forgejo gitlab immich jellyfin proxmox portainer paperless vikunja miniflux freshrss outline bookstack
    wikijs hedgedoc homeassistant vaultwarden audiobookshelf mealie actual argocd mastodon roundcube generic""".split()


def grafana():
    return yaml.safe_load((FOLDER / "grafana.yaml").read_text())


def changed(path, value):
    """Grafana's preset with another value at this path; None removes it."""
    preset = copy.deepcopy(grafana())
    *parents, last = path
    entry = preset
    for key in parents:
        entry = entry[key]
    if value is None:
        del entry[last]
    else:
        entry[last] = value
    return preset


def test_the_presets_of_the_project_have_no_fault():
    presets = compile_presets.read(FOLDER)
    assert sorted(presets) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert [name for name in WANTED if name not in presets] == []


def test_generic_is_the_last_preset():
    *others, last = compile_presets.read(FOLDER).values()
    titles = [preset["title"].lower() for preset in others]
    assert titles == sorted(titles) and last["title"] == "Another application"


WRONG = [
    (["title"], None, "the preset has no title"),
    (["title"], 5, "title must be a str"),
    (["title"], "", "title must be a str, and not empty"),
    (["titel"], "x", "unknown key titel"),
    (["client", "pkce"], None, "client has no pkce"),
    (["client", "pkcs"], "x", "client has an unknown key pkcs"),
    (["client", "public"], True, "public must be a str"),
    (["settings", 0, "where"], None, "a block has no where"),
    (["settings"], [], "settings must be a list, and not empty"),
    (["settings", 0], "text", "a block is not a mapping"),
    (["settings", 0, "kind"], "toml", "toml is not a kind"),
    (["address"], "url", "address must be one of"),
    (["notes"], [5], "notes must contain only texts of one line"),
    (["notes", 0], "@APPLICATION@", "@APPLICATION@ is not a placeholder"),
    (["notes", 0], "@SECRET@", "@SECRET@ occurs 2 times, not 1"),
    (["client", "redirect_uris"], ["@ISSUER@/x"], "redirect_uris cannot have @ISSUER@"),
    (["client", "redirect_uris"], [], "either redirect_uris or ask"),
    (["ask"], "Look.", "either redirect_uris or ask"),
    (["client", "public"], "yes", "@SECRET@ occurs 1 times, not 0"),
    (["settings", 0, "text"], "secret = @SECRET@\n", "no block has @CLIENT_ID@"),
]


@pytest.mark.parametrize("path, value, fault", WRONG, ids=[f"{'.'.join(map(str, path))}-{value}" for path, value, _ in WRONG])
def test_a_wrong_preset_is_refused(path, value, fault):
    assert compile_presets.faults("grafana", grafana()) == []
    assert any(fault in one for one in compile_presets.faults("grafana", changed(path, value)))


def test_a_name_that_cannot_be_typed_is_refused():
    assert compile_presets.faults("Grafana-1", grafana())


def test_a_wrong_file_stops_the_build(tmp_path):
    (tmp_path / "grafana.yaml").write_text(yaml.safe_dump(changed(["title"], None)))
    with pytest.raises(SystemExit, match="grafana.yaml: the preset has no title"):
        compile_presets.main(str(tmp_path), str(tmp_path / "out.c"), str(tmp_path / "out.d"))


def test_a_new_file_changes_the_depfile(tmp_path):
    for name in ("grafana", "gitea"):
        (tmp_path / f"{name}.yaml").write_text((FOLDER / f"{name}.yaml").read_text())
    compile_presets.main(str(tmp_path), str(tmp_path / "out.c"), str(tmp_path / "out.d"))
    inputs = (tmp_path / "out.d").read_text().split()[1:]
    assert inputs == [str(tmp_path), str(tmp_path / "gitea.yaml"), str(tmp_path / "grafana.yaml")]
