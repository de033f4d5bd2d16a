"""The command line: help for newcomers, and one sentence for every failure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from services.cli.console import Failure, end
from services.cli.main import run
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


End = Callable[..., tuple[object, str, str]]


@pytest.fixture
def end_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> End:
    def ended(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["stepdown", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            run()
        return caught.value.code, *capsys.readouterr()

    return ended


def test_the_version_is_shown(end_of: End) -> None:
    code, out, _ = end_of("--version")
    assert code == 0
    assert out.startswith("stepdown 0.")


@pytest.mark.parametrize("command", ["load", "generate"])
def test_each_command_explains_itself_with_an_example(end_of: End, command: str) -> None:
    code, out, _ = end_of(command, "--help")
    assert code == 0
    assert f"Example: stepdown {command} " in out


def test_generate_writes_the_places_and_a_file_for_each_person(end_of: End, tmp_path: Path) -> None:
    arguments = ("generate", "--people", 2, "--seed", 3, "--out", tmp_path / "new" / "folder")
    code, out, _ = end_of(*arguments)
    assert code == 0
    assert "of 2 people" in out
    written = {path.name: path.read_bytes() for path in (tmp_path / "new" / "folder").iterdir()}
    assert sorted(written) == ["person-00001.json", "person-00002.json", "places.json"]
    end_of(*arguments)
    assert {p.name: p.read_bytes() for p in (tmp_path / "new" / "folder").iterdir()} == written


def test_generate_takes_the_first_day_that_it_knows(end_of: End, tmp_path: Path) -> None:
    code, out, _ = end_of(
        "generate", "--people", 1, "--last-day", "1900-01-01", "--out", tmp_path / "old"
    )
    assert code == 0
    assert "of 1 people" in out


def test_people_of_earlier_runs_in_the_folder_are_told(end_of: End, tmp_path: Path) -> None:
    _, first, _ = end_of("generate", "--people", 3, "--out", tmp_path)
    _, second, _ = end_of("generate", "--people", 1, "--out", tmp_path)
    assert "earlier runs" not in first
    assert "The folder also holds 2 people of earlier runs." in second


def test_files_without_a_resource_are_told_without_asking_a_server(
    end_of: End, tmp_path: Path
) -> None:
    (tmp_path / "empty.json").write_text('{"resourceType":"Bundle","type":"collection"}')
    # Nobody listens there.
    code, out, err = end_of("load", tmp_path, "--to", "http://127.0.0.1:1/fhir")
    assert (code, err) == (0, "")
    assert "The files hold no resource." in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["load", "missing.json"], "missing.json does not exist."),
        (["load", ".", "--to", "ftp://x"], "ftp://x is not a server's address"),
        (["load", ".", "--to", "http://x:99999/fhir"], "http://x:99999/fhir is not a server's"),
        (["load", ".", "--to", "http://x:0/fhir"], "http://x:0/fhir is not a server's address"),
        (["generate", "--last-day", "1899-12-31"], "--last-day must be in 1900 or later."),
        (["generate", "--out", "/dev/null/x"], "/dev/null/x: "),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(
    end_of: End, arguments: list[str], sentence: str
) -> None:
    code, _, err = end_of(*arguments)
    assert code == 1
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_a_wrong_option_is_told_with_exit_code_2(end_of: End) -> None:
    code, _, err = end_of("generate", "--people", "many")
    assert code == 2
    assert "Invalid value for '--people'" in err


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Failure("It [/b] failed.", 4), 4, "It [/b] failed."),
        (Unavailable("It does not answer."), 1, "It does not answer."),
        (KeyboardInterrupt(), 130, "Stopped."),
        (OSError(28, "No space left on device", "a.json"), 1, "a.json: No space left on device."),
        (RuntimeError("Synthetic-Oak"), 70, "This is a fault in Stepdown (RuntimeError at"),
    ],
)
def test_every_error_ends_in_one_sentence_that_quotes_no_record(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, sentence: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        end(error)
    assert caught.value.code == code
    err = capsys.readouterr().err
    assert err.startswith(sentence)
    assert "Synthetic-Oak" not in err
