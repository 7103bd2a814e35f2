"""The commands that speak to a server, against a real one."""

import json
import os
import pty
import stat
import subprocess
import sys

import pytest

from tests.cli.running import horarium, server


@pytest.fixture(scope="module")
def speak(tmp_path_factory):
    """`speak(*arguments)` runs a command against a server of its own; the answer's JSON."""
    data = tmp_path_factory.mktemp("served") / "data"
    with server(data, "--allow-loopback") as address:
        assert stat.S_IMODE((data / "admin.key").stat().st_mode) == 0o600

        def run(*arguments, code=0):
            found = horarium(*arguments, HORARIUM_URL=address, HORARIUM_DATA=str(data))
            assert found.returncode == code, found.stderr
            return (
                json.loads(found.stdout)
                if "--json" in arguments and code == 0
                else found.stdout + found.stderr
            )

        yield run


@pytest.fixture(scope="module")
def schedule(speak):
    speak("target", "create", "Night", "--as", "night", "--to", "http://127.0.0.1:9/")
    made = ("Report", "0 9 * * 1-5", "--target", "night", "-z", "Europe/Paris", "--label", "team=blue")
    return speak("schedule", "create", *made, "--input", '{"n": 1}', "--json")


def test_quotas_and_weight_of_a_workspace_are_shown_and_changed(speak):
    made = speak("workspace", "create", "Acme", "--quota", "targets=9", "--weight", "2", "--json")
    changed = speak("workspace", "set", made["id"], "--quota", "targets=", "--quota", "schedules=7", "--json")
    assert (changed["quotas"]["schedules"], changed["quotas"]["targets"]) == (7, 10_000)
    assert speak("workspace", "show", made["id"], "--json")["weight"] == 2
    assert made["id"] in speak("workspace", "list")
    hosts = ("--allowed-host", "a.example", "--allowed-host", "10.0.0.0/8")
    assert speak("workspace", "set", made["id"], *hosts, "--json")["allowed_hosts"] == [
        "a.example",
        "10.0.0.0/8",
    ]
    assert speak("workspace", "set", made["id"], "--allowed-host", "*", "--json")["allowed_hosts"] == ["*"]
    assert "must be a whole number" in speak("workspace", "set", "--quota", "schedules=many", code=1)


def test_a_schedule_is_made_listed_and_shown(speak, schedule):
    assert schedule["labels"] == {"team": "blue"}
    assert [one["id"] for one in speak("schedule", "list", "--label", "team:blue", "--json")] == [
        schedule["id"]
    ]
    table = speak("schedule", "list")
    assert "0 9 * * 1-5" in table
    assert schedule["id"] in table
    assert "09:00" in speak("schedule", "show", schedule["id"])


def test_a_schedule_is_paused_resumed_fired_and_accounted_for(speak, schedule):
    one = schedule["id"]
    assert speak("schedule", "pause", one, "--note", "why not", "--json")["note"] == "why not"
    assert speak("schedule", "resume", one, "--json")["state"] == "active"
    fire = speak("schedule", "fire", one, "--once", "x", "--json")
    assert speak("schedule", "fire", one, "--once", "x", "--json")["id"] == fire["id"]
    assert [one["id"] for one in speak("schedule", "fires", one, "--json")] == [fire["id"]]
    assert speak("schedule", "explain", one, "2020-01-01T00:00:00Z", "--json")["verdict"] == "before_creation"
    assert len(speak("schedule", "preview", one, "-n", "3", "--json")) == 3
    assert speak("schedule", "ledger", one, "--json") == []
    (run,) = speak("run", "list", "--fire", fire["id"], "--json")
    assert speak("run", "show", run["id"], "--json")["id"] == run["id"]


def test_schedules_and_targets_are_named_by_their_keys_too(speak, schedule):
    mine = speak("schedule", "create", "Mine", "@daily", "--target", "night", "--as", "a/b", "--json")
    assert [found["id"] for found in speak("schedule", "list", "--as", "a/b", "--json")] == [mine["id"]]
    assert speak("schedule", "show", "a/b", "--by-key", "--json")["id"] == mine["id"]
    assert speak("schedule", "pause", "a/b", "--by-key", "--json")["state"] == "paused"
    assert "not found" in speak("schedule", "show", "a/b", code=1)
    assert "deleted" in speak("schedule", "delete", "a/b", "--by-key")
    assert speak("target", "show", "night", "--by-key", "--json")["key"] == "night"
    assert [found["key"] for found in speak("target", "list", "--as", "night", "--json")] == ["night"]


def test_what_is_not_given_of_a_schedule_stays_as_it_is(speak, schedule):
    one, labels = schedule["id"], schedule["labels"]
    years = ["--start", "2030-01-01T00:00:00Z", "--end", "2040-01-01T00:00:00Z"]
    changed = speak("schedule", "set", one, *years, "--label", "a=1", "--label", "b=2", "--json")
    assert changed["labels"] == labels | {"a": "1", "b": "2"}
    moved = {name for name in changed if changed[name] != schedule.get(name)}
    assert moved - {"version", "updated_at", "next_slot_at", "next_fire_at", "next_fires"} == {
        "start_at", "end_at", "labels",
    }  # fmt: skip
    taken = speak("schedule", "set", one, "--start", "", "--label", "a=", "--input", '{"m": 2}', "--json")
    assert (taken["start_at"], taken["end_at"]) == (None, changed["end_at"])
    assert (taken["labels"], taken["input"]) == (labels | {"b": "2"}, {"n": 1, "m": 2})
    assert speak("schedule", "set", one, "--input", "null", "--json")["input"] is None


def test_a_target_is_shared_with_another_workspace_and_no_longer(speak, schedule):
    other = speak("workspace", "create", "Customer", "--json")["id"]
    made = speak("target", "share", "night", other, "--as", "lent", "--json")
    assert (made["workspace"], made["key"]) == (other, "lent")
    assert [one["target"] for one in speak("target", "shares", "night", "--json")] == [made["target"]]
    assert "not shared any more" in speak("target", "unshare", "night", other)
    assert speak("target", "shares", "night", "--json") == []


def test_a_source_is_made_tried_shared_and_kept_while_it_is(speak):
    other = speak("workspace", "create", "Reader", "--json")["id"]
    config = (
        '{"url": "https://crm.example.com/people", "headers": {"Authorization": "Bearer s3cret-of-ours"}}'
    )
    assert speak("source", "put", "people", config, "--json")["config"]["headers"]["Authorization"] == "***"
    assert speak("source", "try", "users", "--json")["count"] == 0
    made = speak("source", "share", "people", other, "--as", "lent", "--json")
    assert (made["workspace"], made["name"]) == (other, "lent")
    assert [one["name"] for one in speak("source", "shares", "people", "--json")] == ["lent"]
    assert "is shared with other workspaces" in speak("source", "delete", "people", code=1)
    assert "not shared any more" in speak("source", "unshare", "people", other)
    assert speak("source", "show", "people", "--json")["shared_from"] is None
    assert [one["name"] for one in speak("source", "list", "--json")] == ["people"]
    assert "deleted" in speak("source", "delete", "people")


def test_targets_are_shown_switched_and_kept_while_needed(speak, schedule):
    assert speak("target", "disable", "night", "--json")["enabled"] is False
    assert speak("target", "enable", "night", "--json")["enabled"] is True
    assert "***" in speak("target", "show", "night")
    assert "Report" in speak("target", "delete", "night", code=1)


def test_keys_are_made_and_end(speak):
    made = speak("key", "create", "app", "--scope", "runs:read", "--json")
    assert made["key"].startswith("hor_")
    new = speak("key", "rotate", made["id"], "--json")
    assert speak("key", "revoke", new["id"], "--json")["revoked_at"]
    assert "app" in speak("key", "list")


def test_what_the_server_refuses_is_one_sentence_and_code_1(speak):
    said = speak("schedule", "create", "x", "0 99 * * *", "--target", "nobody", code=1)
    assert said.startswith("horarium: ")
    assert "hour" in said
    assert "target" in said


def test_no_server_no_key_and_bad_options_are_told():
    nowhere = {"HORARIUM_URL": "http://127.0.0.1:9", "HORARIUM_DATA": "/nonexistent"}
    assert "horarium serve" in horarium("run", "list", "--key", "hor_x", **nowhere).stderr
    found = horarium("run", "list", **nowhere)
    assert (found.returncode, "--key" in found.stderr) == (2, True)
    assert (
        horarium(
            "schedule", "create", "x", "@daily", "--target", "t", "--input", "{", "--key", "k"
        ).returncode
        == 2
    )
    assert horarium("serve", "--roles", "cook").returncode == 2
    assert horarium("bench", "nonsense").returncode == 2


def test_two_servers_do_not_share_a_folder(tmp_path):
    with server(tmp_path / "data"):
        found = horarium("serve", "--data", str(tmp_path / "data"), "--port", "0")
        assert (found.returncode, "another" in found.stderr) == (1, True)


def test_the_first_key_is_not_written_to_what_may_be_a_log(tmp_path):
    command = [sys.executable, "-m", "horarium", "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = ""
    for line in process.stdout:
        told += line
        if '"started"' in line:
            break
    process.terminate()
    told += process.communicate(timeout=60)[0]
    assert f"{tmp_path / 'data' / 'admin.key'}" in told
    assert told.count("admin.key") == 1
    assert (tmp_path / "data" / "admin.key").read_text().strip() not in told
    assert "hor_" not in told
    assert all(json.loads(line) for line in told.splitlines())


def test_the_first_key_is_shown_on_a_terminal(tmp_path):
    command = [sys.executable, "-m", "horarium", "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    told = b""
    while b"key file" not in told:
        told += os.read(ours, 1_000)
    process.terminate()
    process.wait(timeout=60)
    os.close(ours)
    assert (tmp_path / "data" / "admin.key").read_text().strip().encode() in told


def test_a_given_first_key_opens_the_server_and_a_lost_one_is_recovered(tmp_path, monkeypatch):
    data, given = tmp_path / "data", "hor_" + "k" * 40
    nowhere = horarium("key", "recover", "--data", str(data))
    assert (nowhere.returncode, "there is no database at" in nowhere.stderr) == (1, True)
    monkeypatch.setenv("HORARIUM_ADMIN_KEY", given)
    with server(data) as address:
        seen = horarium("key", "list", "--json", HORARIUM_URL=address, HORARIUM_KEY=given)
        assert seen.returncode == 0, seen.stderr
        running = horarium("key", "recover", "--data", str(data))
        assert (running.returncode, running.stdout) == (1, "")
    assert not (data / "admin.key").exists()
    recovered = horarium("key", "recover", "--data", str(data))
    assert recovered.returncode == 0, recovered.stderr
    with server(data) as address:
        made = horarium(
            "workspace", "create", "Acme", HORARIUM_URL=address, HORARIUM_KEY=recovered.stdout.strip()
        )
        assert made.returncode == 0, made.stderr


def test_webhooks_are_made_listed_and_removed_and_events_are_listed(speak):
    made = speak("events", "webhook-add", "https://example.com/hook", "--type", "fire.*", "--json")
    assert made["signing_secret"].startswith("whsec_")
    assert "fire.*" in speak("events", "webhooks")
    assert speak("events", "list", "--json") == []
    assert speak("events", "deliveries", made["id"], "--json") == []
    assert speak("events", "replay", made["id"], "--since", "2026-01-01T00:00:00Z", "--json") == {"events": 0}
    speak("events", "webhook-remove", made["id"])
    assert made["id"] not in speak("events", "webhooks")


@pytest.mark.parametrize(
    "command",
    [
        "fires --schedule S --target night --kind clock --state completed --label team=blue --from F --to T",
        "ledger --entry span --reason missed --schedule S --label team=blue --from F --to T",
        "run list --schedule S --target night --state failed --label team=blue --row-key r --from F --to T "
        "--include input",
        "schedule list --state paused --target night --search x --as k --label team=blue --dialect native "
        "--key-prefix k --next-before T --last-state failed --failing --sort name",
        "target list --kind agent --search x --as k",
        "events list --type fire.failed --label team=blue --schedule S --since F",
        "audit list --action key. --subject S --principal P --request r --since F --until T",
        "directory list contacts",
        "workspace pauses",
        "window list",
        "window list --schedule S",
        "action list",
        "person erasures",
    ],
)
def test_lists_take_all_of_their_filters(speak, schedule, command):
    words = {
        "S": schedule["id"],
        "P": "prn_" + "0" * 26,
        "F": "2026-01-01T00:00:00Z",
        "T": "2026-01-02T00:00:00Z",
    }
    assert speak(*(words.get(word, word) for word in command.split()), "--json") == []


def test_maintenance_windows_and_pauses_are_made_and_taken_back(speak, schedule):
    mine = speak("schedule", "create", "Kept", "@daily", "--target", "night", "--as", "kept", "--json")
    for whose in ((), ("--schedule", schedule["id"]), ("--schedule", "kept", "--by-key")):
        made = speak("window", "add", "0 2 1 1 *", "2h", "--note", "why", *whose, "--json")
        assert [found["id"] for found in speak("window", "list", *whose, "--json")] == [made["id"]]
        assert speak("window", "delete", made["id"], *whose).strip() == "deleted"
        assert speak("window", "list", *whose, "--json") == []
    ahead = ("--from", "2199-01-01T00:00:00Z", "--until", "2199-01-02T00:00:00Z")
    planned = speak("workspace", "pause", *ahead, "--json")
    assert [pause["id"] for pause in speak("workspace", "pauses", "--json")] == [planned["id"]]
    speak("workspace", "unplan", planned["id"])
    assert speak("workspace", "pause", "--json")["until"] is None
    assert speak("workspace", "resume", "--catch-up", "latest", "--json")["catch_up"] == "latest"
    assert [slot["local"] for slot in speak("schedule", "preview", mine["id"], "-n", "1", "--json")]


def test_many_are_changed_at_once_and_slots_are_backfilled(speak, schedule):
    speak("schedule", "create", "Many", "0 * * * *", "--target", "night", "--as", "many/1", "--json")
    tried = speak("schedule", "each", "pause", "--key-prefix", "many/", "--dry-run", "--json")
    assert tried["matched"] == 1
    done = speak("schedule", "each", "pause", "--key-prefix", "many/", "--json")
    assert (done["state"], done["changed"]) == ("done", 1)
    assert [found["id"] for found in speak("action", "list", "--json")] == [done["id"]]
    assert speak("action", "show", done["id"], "--json")["id"] == done["id"]
    speak("schedule", "resume", "many/1", "--by-key", "--json")
    past = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T01:00:00Z")
    assert len(speak("schedule", "backfill", "many/1", "--by-key", *past, "--json")) == 2
    assert speak("run", "each", "cancel", "--schedule", schedule["id"], "--json")["state"] == "done"


def test_the_key_of_a_new_workspace_can_be_read_and_its_slug_is_no_id(speak):
    shown = dict(line.split(None, 1) for line in speak("workspace", "create", "Plain").splitlines())
    assert shown["admin_key"].startswith("hor_")
    assert "the id of a workspace begins with ws_" in speak("workspace", "delete", "plain", code=1)


def test_a_workspace_is_exported_deleted_and_had_back(speak, schedule):
    made = speak("workspace", "create", "Gone", "--json")
    lines = speak("workspace", "export", "current").splitlines()
    assert {json.loads(line)["type"] for line in lines} >= {"workspace", "target"}
    assert speak("workspace", "delete", made["id"], "--days", "3", "--json")["id"] == made["id"]
    assert made["id"] not in speak("workspace", "list")
    assert made["id"] in speak("workspace", "list", "--deleted")
    assert "or was deleted and can still be had back" in speak("workspace", "create", "Gone", code=1)
    assert speak("workspace", "undelete", made["id"], "--json")["id"] == made["id"]
    assert speak("secret", "rotate", "--json")["resealed"] >= 1
