"""What `stepdown instrument` refuses before it asks a server: each in one sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from services.cli.main import run
from tests.unit.care.instruments import published

if TYPE_CHECKING:
    from pathlib import Path

End = Callable[..., tuple[object, str, str]]
HELD = ("--licence-held", "Clinic X")


@pytest.fixture
def end_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> End:
    def ended(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["stepdown", "instrument", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            run()
        return caught.value.code, *capsys.readouterr()

    return ended


def file_of(folder: Path, content: object) -> Path:
    file = folder / "mine.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_wording_is_refused_without_a_licence(end_of: End, tmp_path: Path) -> None:
    for none in ((), ("--licence-held", "  ")):
        code, out, told = end_of("load", file_of(tmp_path, {}), *none)
        assert (code, out) == (1, "")
        assert "say which licence you hold, or why you need none" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "mine.json is no JSON that can be read."),
        ({"resourceType": "Patient"}, "mine.json holds no Questionnaire."),
        ({"resourceType": "Questionnaire"}, "is no valid Questionnaire: Questionnaire"),
        (
            {"resourceType": "Questionnaire", "status": "active"},
            "is none of the instruments without their wording: BAM-IOP, C-SSRS screener,",
        ),
    ],
)
def test_what_is_no_copy_of_a_protected_instrument_is_refused(
    end_of: End, tmp_path: Path, content: object, told: str
) -> None:
    code, _, said = end_of("load", file_of(tmp_path, content), *HELD)

    assert code == 1
    assert told in said


def test_a_copy_that_differs_is_refused_with_what_differs(end_of: End, tmp_path: Path) -> None:
    [mine] = [each for each in published() if each["id"] == "who-5"]
    content = mine | {"item": mine["item"][:4]}

    code, _, told = end_of("load", file_of(tmp_path, content), *HELD)

    assert code == 1
    assert "mine.json is not the WHO-5 that is scored." in told
    assert "there is no item with linkId who-5-5." in told


def test_an_address_that_is_none_is_refused(end_of: End, tmp_path: Path) -> None:
    for asked in (("list",), ("load", file_of(tmp_path, {}), *HELD)):
        code, _, told = end_of(*asked, "--to", "nowhere")
        assert code == 1
        assert "nowhere is not a server's address" in told
