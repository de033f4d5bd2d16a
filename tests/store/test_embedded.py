"""The embedded PostgreSQL as its users see it: it answers, keeps data, stops, or says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.store.embedded import EmbeddedError, EmbeddedServer
from shared.store.embedded.processes import orphans, postmaster
from tests.store.embedded_fixtures import (
    KEEP,
    KEPT,
    Parents,
    Start,
    data_dir,
    fetch,
    folder,
    nothing,
    one_server,
    parents,
    place_of,
    start,
)

__all__ = ["data_dir", "folder", "one_server", "parents", "start"]


def test_a_new_server_answers_at_its_url(start: Start) -> None:
    server = start()
    assert fetch(server.url, "SELECT current_user || '/' || current_database()") == (
        "stepdown/stepdown"
    )
    assert server.alive()
    assert not server.reused


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("shared_buffers", "256MB"),
        ("max_connections", "200"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
        ("random_page_cost", "1.1"),
        ("autovacuum_vacuum_insert_scale_factor", "0.02"),
        ("log_min_error_statement", "panic"),
        ("log_statement", "none"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
    ],
)
def test_the_server_runs_with_its_settings(
    one_server: EmbeddedServer, setting: str, value: str
) -> None:
    assert fetch(one_server.url, f"SHOW {setting}") == value


def test_it_is_postgresql_18_in_the_locale_c(one_server: EmbeddedServer) -> None:
    assert str(fetch(one_server.url, "SHOW server_version")).startswith("18.")
    locale = "SELECT datcollate || datctype FROM pg_database WHERE datname = 'stepdown'"
    assert fetch(one_server.url, locale) == "CC"


def test_settings_for_another_server_do_not_lead_astray(
    one_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    assert fetch(one_server.url, "SELECT 1") == 1


def test_what_was_written_is_there_after_a_restart(start: Start) -> None:
    server = start()
    fetch(server.url, KEEP)
    server.stop()
    again = start()
    assert not again.reused
    assert fetch(again.url, KEPT) == 42


def test_progress_is_reported(start: Start) -> None:
    lines: list[str] = []
    start(report=lines.append).stop()
    start(report=lines.append)
    assert [line.split(" ")[0] for line in lines] == ["Making", "Starting", "Starting"]
    assert lines[1].startswith("Starting PostgreSQL 18.")


def test_a_stopped_server_leaves_no_process_and_no_socket(start: Start) -> None:
    server = start()
    place = place_of(server)
    socket_folder = Path(place.socket.read_text())
    assert socket_folder.exists()
    server.stop()
    server.stop()
    assert not server.alive()
    assert postmaster(place) is None
    assert orphans(place) == []
    assert not socket_folder.exists()


def test_a_long_path_is_no_obstacle(start: Start, folder: Path) -> None:
    server = start(folder / ("long " * 30) / "var")
    assert fetch(server.url, "SELECT 1") == 1


def test_half_a_database_of_a_killed_start_is_swept_away(start: Start, folder: Path) -> None:
    half = folder / "var" / "postgres.new-12345678"
    half.mkdir(parents=True, mode=0o711)
    half.parent.chmod(0o711)
    (half / "PG_VERSION").write_text("18\n")
    assert start().alive()
    assert not half.exists()


def test_a_data_directory_that_is_a_file_is_refused_in_a_sentence(folder: Path) -> None:
    (folder / "var").write_text("")
    assert_sentence(refusal(folder / "var"), "cannot be kept in")


def test_a_data_directory_below_a_file_is_refused_in_a_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    assert_sentence(refusal(folder / "file" / "var"), "cannot be kept in")


def test_a_database_of_another_version_is_refused_in_a_sentence(
    start: Start, data_dir: Path
) -> None:
    server = start()
    server.stop()
    (place_of(server).cluster / "PG_VERSION").write_text("17\n")
    assert_sentence(refusal(data_dir), "is of PostgreSQL 17")


def test_a_server_that_does_not_start_says_its_logs_last_line(start: Start, data_dir: Path) -> None:
    server = start()
    server.stop()
    settings = place_of(server).cluster / "postgresql.auto.conf"
    settings.write_text("nonsense = 1\n")
    assert_sentence(refusal(data_dir), "does not start: configuration file")
    settings.write_text("")
    assert start().alive()


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(
    start: Start, parents: Parents, data_dir: Path
) -> None:
    # A limit on the size of files meets PostgreSQL as a full disk does.
    parent = parents(data_dir, file_bytes_max=100_000)
    assert_sentence(parent.communicate()[1].strip(), "could not be made")
    assert not list(data_dir.glob("postgres*"))
    assert start().alive()


def refusal(data_dir: Path) -> str:
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedServer.start(data_dir, nothing)
    return str(refused.value)


def assert_sentence(text: str, part: str) -> None:
    assert part in text
    assert "\n" not in text
    assert text.endswith(".")
    assert "Traceback" not in text
