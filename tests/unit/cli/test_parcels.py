"""What is sent of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from services.cli.console import Failure
from services.cli.loading import parcels as module
from services.cli.loading.parcels import Parcel, parcels

if TYPE_CHECKING:
    from pathlib import Path

    from shared.fhir.reader import JsonObject


def sent(tmp_path: Path, text: JsonObject | str, name: str = "file.json") -> list[Parcel]:
    (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text))
    return list(parcels(tmp_path / name))


def bundle(kind: str, *entries: JsonObject) -> JsonObject:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_transaction_or_batch_is_sent_as_it_stands(tmp_path: Path, kind: str) -> None:
    entries = (
        {
            "resource": {"resourceType": "Patient"},
            "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=1"},
        },
        {"request": {"method": "DELETE", "url": "Goal/1"}},
    )
    (parcel,) = sent(tmp_path, bundle(kind, *entries))
    assert json.loads(parcel.bundle()) == bundle(kind, *entries)
    assert [piece.resource_type for piece in parcel.pieces] == ["Patient", "Goal"]
    assert (parcel.is_repeatable, parcel.divisible) == (True, False)


def test_a_bundle_with_a_plain_create_is_not_repeatable(tmp_path: Path) -> None:
    entry = {"resource": {"resourceType": "Goal"}, "request": {"method": "POST", "url": "Goal"}}
    (parcel,) = sent(tmp_path, bundle("transaction", entry))
    assert not parcel.is_repeatable


@pytest.mark.parametrize("kind", ["collection", "searchset", "document", "message"])
def test_resources_of_another_bundle_keep_their_ids_and_addresses(
    tmp_path: Path, kind: str
) -> None:
    entries = (
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "a"}},
        {"resource": {"resourceType": "Goal"}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
    )
    (parcel,) = sent(tmp_path, bundle(kind, *entries))
    assert json.loads(parcel.bundle()) == bundle(
        "transaction",
        {**entries[0], "request": {"method": "PUT", "url": "Patient/a"}},
        {**entries[1], "request": {"method": "POST", "url": "Goal"}},
    )


@pytest.mark.parametrize("kind", ["history", "transaction-response", "batch-response", ""])
def test_a_bundle_that_holds_nothing_to_store_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Failure, match="nothing to load"):
        sent(tmp_path, bundle(kind))


def test_an_empty_bundle_sends_nothing(tmp_path: Path) -> None:
    assert sent(tmp_path, bundle("collection")) == []


def test_a_single_resource_is_put_under_its_id(tmp_path: Path) -> None:
    (parcel,) = sent(tmp_path, {"resourceType": "Goal", "id": "g"})
    (entry,) = json.loads(parcel.bundle())["entry"]
    assert entry["request"] == {"method": "PUT", "url": "Goal/g"}


@pytest.mark.parametrize("name", ["file.json", "file.ndjson"])
def test_every_digit_is_sent_as_it_stands(tmp_path: Path, name: str) -> None:
    text = '{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.10e0}}'
    (parcel,) = sent(tmp_path, text, name)
    assert text.encode() in parcel.bundle()


def test_lines_travel_in_parcels_of_a_bounded_number_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENTRIES_MAX", 3)
    lines = [f'{{"resourceType":"Goal","id":"{number}"}}' for number in range(7)]
    made = sent(tmp_path, "\n\n".join(lines), "goals.ndjson")
    assert [len(parcel.pieces) for parcel in made] == [3, 3, 1]
    assert [piece.place for piece in made[1].pieces] == ["line 7", "line 9", "line 11"]
    assert all(parcel.divisible and parcel.is_repeatable for parcel in made)
    monkeypatch.setattr(module, "BYTES_MAX", 1)
    assert [len(p.pieces) for p in sent(tmp_path, "\n".join(lines), "goals.ndjson")] == [1] * 7


def test_a_parcel_or_some_of_its_pieces_can_go_as_a_batch(tmp_path: Path) -> None:
    lines = '{"resourceType":"Goal","id":"1"}\n{"resourceType":"Goal","id":"2"}'
    (parcel,) = sent(tmp_path, lines, "goals.ndjson")
    assert json.loads(parcel.as_batch().bundle())["type"] == "batch"
    assert parcel.as_batch().pieces == parcel.pieces
    assert parcel.as_batch(parcel.pieces[1:]).pieces == parcel.pieces[1:]
