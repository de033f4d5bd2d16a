"""The command line as a person meets it: what is refused, what is up, and how all of it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.cli.main import run
from shared.store.migrate import head
from shared.store.roles import role_url
from tests.processes import descendants, is_alive
from tests.programs import free_port
from tests.store.embedded_fixtures import comes_true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMANDS = ("serve", "database", "migrate", "check", "load", "generate")
STOP_SECONDS = 10
START_SECONDS = 60
NOBODY = "postgresql://stepdown:secret@127.0.0.1:1/stepdown"

Said = tuple[object, str, str]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STEPDOWN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command in this process, that ends by itself: its exit code, and what it printed."""

    def said(*arguments: object, **environment: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["stepdown", *map(str, arguments)])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as caught:
            run()
        return caught.value.code, *capsys.readouterr()

    return said


class Command:
    """A command that runs until it is stopped, in a process group of its own as in a terminal."""

    def __init__(self, *arguments: object, **environment: str) -> None:
        self.port = free_port()
        with_port = ["--port", str(self.port)] if arguments[0] == "serve" else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", *map(str, arguments), *with_port],
            env=os.environ | {"STEPDOWN_LOG_LEVEL": "error"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, path: str, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.communicate()
            try:
                answer = httpx.get(self.url + path, timeout=5, trust_env=False)
            except httpx.HTTPError:
                answer = None
            if answer is not None and holds(answer):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{path} did not come")

    def up(self) -> Command:
        self.wait_for("/health/ready", lambda answer: answer.is_success)
        return self

    def told_to_stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Stop as a terminal does; the exit code, and all that was printed."""
        family = descendants(self.process.pid)
        os.killpg(self.process.pid, number)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        assert "Traceback" not in out + err
        assert [each for each in family if is_alive(each)] == []
        return self.process.returncode, out + err

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        for each in (*descendants(self.process.pid), self.process.pid):
            if is_alive(each):
                os.kill(each, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def command() -> Iterator[Callable[..., Command]]:
    started: list[Command] = []

    def start(*arguments: object, **environment: str) -> Command:
        started.append(Command(*arguments, **environment))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Reachable for the account that PostgreSQL runs as, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_help_of_every_command_ends_with_an_example(say: Callable[..., Said]) -> None:
    code, out, _ = say("--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"│ {name} +[A-Z]", out)
        code, told, _ = say(name, "--help")
        assert code == 0
        assert "Example: " in told


def test_the_version_is_told(say: Callable[..., Said]) -> None:
    code, out, _ = say("--version")
    assert (code, out) == (0, "stepdown 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["serve"], {}, "Authentication is not built yet"),
        (["serve", "plan"], {}, "Authentication is not built yet"),
        (["serve", "--open", "--host", "0.0.0.0"], {}, "--open is refused at 0.0.0.0"),
        (["serve", "--open", "--host", "::"], {}, "--open is refused at ::"),
        (["serve", "plan", "--open", "--host", "10.0.0.1"], {}, "--open is refused at 10.0.0.1"),
        (
            ["serve", "--open", "--host", "0.0.0.0"],
            {"STEPDOWN_PRIVATE_NETWORK": "no"},
            "--open is refused at 0.0.0.0",
        ),
        (["serve", "plan", "--open"], {}, "`stepdown serve plan` needs STEPDOWN_DATABASE_URL"),
        (["migrate"], {}, "`stepdown migrate` needs STEPDOWN_DATABASE_URL"),
        (
            ["serve", "plan", "--open"],
            {"STEPDOWN_DATABASE_URL": "mine"},
            "STEPDOWN_DATABASE_URL cannot be read",
        ),
        (
            ["serve", "plan", "--open"],
            {"STEPDOWN_POOL_SIZE": "many"},
            "STEPDOWN_POOL_SIZE is wrong",
        ),
        (
            ["serve", "--open"],
            {"STEPDOWN_TIME_ZONE": "Oz/Emerald"},
            "STEPDOWN_TIME_ZONE is wrong: it must be the name of a time zone",
        ),
        *(
            (
                ["serve", "--open"],
                {"STEPDOWN_CORS_ORIGINS": origins},
                "STEPDOWN_CORS_ORIGINS is wrong: it must be origins",
            )
            for origins in ("*", "https://a.example/", "a.example", "https://a.example,null")
        ),
        (["serve", "--open"], {"STEPDOWN_LOG_LEVEL": "loud"}, "STEPDOWN_LOG_LEVEL is wrong"),
        (
            ["serve", "front-door", "--open"],
            {"STEPDOWN_PLAN_URL": "plan"},
            "STEPDOWN_PLAN_URL is wrong: it must begin with http",
        ),
        (["serve", "--open", "--data-dir", "/dev/null"], {}, "The database cannot be kept in"),
        (["database", "--data-dir", "/dev/null"], {}, "The database cannot be kept in"),
    ],
)
def test_what_cannot_be_served_is_refused_with_one_sentence(
    say: Callable[..., Said], arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    where = ["--port", 0] if arguments[0] == "serve" else []
    code, _, err = say(*arguments, *where, **environment)
    assert code == 1
    assert err.startswith(sentence)
    assert err.count("\n") == 1


@pytest.mark.parametrize("service", ["intake", "plan", "progress"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_front_door_that_would_ask_itself_is_refused(
    say: Callable[..., Said], service: str, host: str
) -> None:
    port = free_port()
    name = f"STEPDOWN_{service.upper()}_URL"
    own = {name: f"http://{host}:{port}/{service}/fhir"}
    code, _, err = say("serve", "front-door", "--open", "--port", port, **own)
    assert code == 1
    assert err == (
        f"The front door would ask itself for what {service}_api serves: "
        f"set {name} to the FHIR base of {service}_api.\n"
    )


def test_a_front_door_before_services_elsewhere_is_served(command: Callable[..., Command]) -> None:
    urls = {f"STEPDOWN_{name}_URL": "http://127.0.0.1:1/fhir" for name in ("INTAKE", "PLAN")}
    door = command("serve", "front-door", "--open", **urls)
    door.wait_for("/health/live", lambda answer: answer.is_success)
    assert door.told_to_stop() == (0, "")


def test_a_port_that_is_taken_is_told(say: Callable[..., Said]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = say("serve", "--open", "--port", port)
        assert (code, err) == (1, f"Cannot listen at 127.0.0.1:{port}: Address already in use.\n")
        code, out, _ = say("check", "--port", port)
        assert code == 1
        assert "It is taken; choose another one with --port." in out


@pytest.mark.parametrize("arguments", [["migrate"], ["serve", "plan", "--open", "--port", 0]])
def test_a_database_that_does_not_answer_is_told(
    say: Callable[..., Said], arguments: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.migrate._PATIENCE_SECONDS", 0)
    code, _, err = say(*arguments, STEPDOWN_DATABASE_URL=NOBODY)
    assert code == 1
    assert err.startswith("The database of STEPDOWN_DATABASE_URL does not answer")
    assert "secret" not in err


def test_a_wrong_password_is_told(say: Callable[..., Said], database_url: str) -> None:
    wrong = re.sub(r":[^:@]+@", ":wrong@", database_url)
    code, _, err = say("migrate", STEPDOWN_DATABASE_URL=wrong)
    assert (code, err) == (
        1,
        "The database refuses the user or password of STEPDOWN_DATABASE_URL.\n",
    )


def test_check_tells_that_a_url_cannot_be_read(say: Callable[..., Said]) -> None:
    code, out, _ = say("check", "--port", free_port(), STEPDOWN_DATABASE_URL="mine")
    assert code == 1
    assert "STEPDOWN_DATABASE_URL cannot be read" in out


def test_check_and_migrate_tell_that_all_is_well(
    say: Callable[..., Said], database_url: str, data_dir: Path
) -> None:
    told = {"STEPDOWN_DATABASE_URL": database_url}
    for _ in range(2):
        code, out, _ = say("migrate", **told)
        assert (code, out) == (0, f"The database is at migration {head()}.\n")
    code, out, _ = say("check", "--port", free_port(), "--data-dir", data_dir, **told)
    assert code == 0
    assert out.count("│ ok │") == 5


def test_only_one_setting_opens_the_server_to_a_network(
    command: Callable[..., Command],
) -> None:
    door = command(
        "serve", "front-door", "--open", "--host", "0.0.0.0", STEPDOWN_PRIVATE_NETWORK="1"
    )
    door.wait_for("/health/live", lambda answer: answer.is_success)
    assert door.told_to_stop() == (0, "")


def test_everything_starts_stops_and_starts_again_on_the_same_data(
    command: Callable[..., Command], data_dir: Path
) -> None:
    serve = ("serve", "--open", "--workers", 2, "--data-dir", data_dir / "var")
    first = command(*serve).up()
    patient = {"resourceType": "Patient", "id": "kept"}
    assert httpx.put(f"{first.url}/fhir/Patient/kept", json=patient, trust_env=False).is_success
    code, told = first.told_to_stop()
    assert code == 0
    for place in ("/fhir", "/intake/fhir", "/plan/fhir", "/progress/fhir", "/docs"):
        assert f"{first.url}{place}" in told
    assert "Ctrl-C" in told

    second = command(*serve).up()
    answer = httpx.get(f"{second.url}/fhir/Patient/kept", trust_env=False)
    assert answer.json()["id"] == "kept"
    assert second.told_to_stop(signal.SIGTERM)[0] == 0


def test_a_run_that_was_killed_leaves_nothing_behind_and_starts_again(
    command: Callable[..., Command], data_dir: Path
) -> None:
    serve = ("serve", "--open", "--data-dir", data_dir / "var")
    first = command(*serve).up()
    family = descendants(first.process.pid)
    assert family
    first.process.kill()

    # It may join the database of the first, which then ends with it.
    second = command(*serve).up()
    assert second.told_to_stop()[0] == 0
    assert comes_true(lambda: not any(map(is_alive, family)))


def test_a_service_alone_stops_when_asked(
    command: Callable[..., Command], database_url: str
) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        service = command("serve", "plan", "--open", STEPDOWN_DATABASE_URL=database_url)
        assert service.up().told_to_stop(number) == (0, "")


def test_the_database_alone_prints_a_url_that_works(
    command: Callable[..., Command], say: Callable[..., Said], data_dir: Path
) -> None:
    database = command("database", "--data-dir", data_dir / "var")
    assert database.process.stdout is not None
    url = database.process.stdout.readline().strip()

    # Nothing is migrated yet, and a service's own role may not.
    own = role_url(url, "plan")
    code, _, err = say("serve", "plan", "--open", "--port", 0, STEPDOWN_DATABASE_URL=own)
    assert code == 1
    assert err.startswith("The database refuses the user or password")
    code, out, _ = say("check", "--port", free_port(), STEPDOWN_DATABASE_URL=url)
    assert code == 1
    assert "`stepdown migrate` brings it to" in out
    assert say("migrate", STEPDOWN_DATABASE_URL=url)[0] == 0
    service = command("serve", "plan", "--open", STEPDOWN_DATABASE_URL=own)
    assert service.up().told_to_stop() == (0, "")

    assert database.told_to_stop()[0] == 0
