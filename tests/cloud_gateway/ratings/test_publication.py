"""A publication: what it leaves out, and that anybody makes the same bytes from an export of the log."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry, seal_entry
from cloud_gateway.evidence.export import export_log, write_entry
from cloud_gateway.ratings.cells import Place, Row, ServiceDay, leave_out
from cloud_gateway.ratings.days import Period, read_period
from cloud_gateway.ratings.publication import note_text, write_publication
from cloud_gateway.ratings.publishing import Published, publish
from deploy.cli import run
from edge_agent.proof.checkpoints import sign_note, verify_note
from tests.cloud_gateway.evidence.exports import DEVICE_KEY, SIGNER
from tests.cloud_gateway.ratings.hall import DAY, NINE, WAITED, Hall, number_of, rating, service

NOVEMBER = read_period("2026-11")
names = st.sampled_from(["", "a", "b", "港口"])
days = st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01"])
few = st.integers(0, 30)
channels = st.sampled_from(["counter", "phone", "web"])
stages = st.sampled_from(["counter", "claim"])
waits = st.none() | st.integers(0, 9).map(lambda minutes: 60 * minutes)
three = st.builds(Row, channels, st.just(3), st.integers(1, 3), stages, names, names, names, days, waits)
five = st.builds(Row, channels, st.just(5), st.integers(1, 5), stages, names, names, names, days, waits)
reasons = st.dictionaries(st.sampled_from(["no-event", "restarted"]), few)
service_days = st.builds(ServiceDay, names, names, names, days, few, few, few, reasons)


def export_lines(rows: Sequence[Row], services: Iterable[ServiceDay]) -> list[bytes]:
    """The lines of an export with these rows, three to an entry."""
    told = [msgspec.to_builtins(row) | {"id": number_of(i)} for i, row in enumerate(rows)]
    entries = [Entry("count", {"rows": told[i : i + 3]}) for i in range(0, len(told), 3)]
    entries += [Entry("service-day", msgspec.to_builtins(one)) for one in services]
    sealed = [seal_entry(entry, NINE) for entry in entries]
    return [write_entry(i, bytes(32), one.body).removesuffix(b"\n") for i, one in enumerate(sealed)]


@settings(max_examples=30, deadline=None)
@given(st.lists(three | five, max_size=60), st.lists(service_days, max_size=12), st.integers(1, 12))
def test_the_stand_alone_file_makes_the_same_bytes(rows: list[Row], services: list[ServiceDay], k: int) -> None:
    lines = export_lines(rows, services)
    made, _ = verifier.remake(lines, "2026-11", *verifier.read_period("2026-11"), len(lines), k)
    assert made == write_publication(NOVEMBER, rows, services, len(lines), k)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-Q1", "2026-01-01", "2026-03-31"),
        ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-11-22", "2026-11-22", "2026-11-22"),
    ],
    ids=["year", "first-quarter", "last-quarter", "leap-month", "day"],
)
def test_a_period_is_read_alike_by_both(text: str, first: str, last: str) -> None:
    assert read_period(text) == Period(text, first, last)
    assert verifier.read_period(text) == (first, last)


@pytest.mark.parametrize("text", ["2026-13", "2026-Q5", "2026-02-30", "26", "2026-1", "2026-11-22T00", ""])
def test_what_is_no_period_is_refused_by_both(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_period(text)
    with pytest.raises(ValueError, match=r"."):
        verifier.read_period(text)


def test_a_period_has_a_day_after_it() -> None:
    with pytest.raises(ValueError, match="calendar"):
        read_period("9999-12-31")


def sizes(**counters: int) -> dict[Place, int]:
    """A station of these counters."""
    whole = sum(counters.values())
    cells = {Place(3, "s", name): n for name, n in counters.items()}
    return {Place(0, "", ""): whole, Place(2, "s", ""): whole} | cells


@pytest.mark.parametrize(
    ("counters", "out"),
    [
        ({"a": 30, "b": 40}, set()),
        ({"a": 30, "b": 40, "c": 5}, {"a", "c"}),
        ({"a": 30, "b": 8, "c": 9}, {"a", "b", "c"}),
        ({"a": 30, "b": 15, "c": 9}, {"b", "c"}),
        ({"b": 25, "a": 25, "c": 1}, {"a", "c"}),
    ],
    ids=["none-small", "one-small", "two-small-too-few", "two-small-enough", "smallest-by-name"],
)
def test_a_cell_that_is_left_out_cannot_be_found_by_subtraction(counters: dict[str, int], out: set[str]) -> None:
    assert {place.name for place in leave_out(sizes(**counters), 20)} == out


def test_the_parts_of_a_station_that_is_left_out_for_another_are_left_out_too() -> None:
    cells = sizes(a=25, b=25) | {Place(0, "", ""): 55, Place(2, "t", ""): 5, Place(3, "t", "x"): 5}
    assert Place(2, "s", "") in leave_out(cells, 20)
    assert Place(3, "s", "a") in leave_out(cells, 20)


def cells_of(document: bytes) -> dict[tuple[str, str], dict[str, object]]:
    """The cells of the only table, by level and name."""
    (table,) = json.loads(document)["ratings"]
    return {(cell["level"], cell["name"]): cell for cell in table["cells"]}


async def published(hall: Hall, period: str = "2026-11", k: int = 4) -> Published:
    return await publish(hall.engine, SIGNER, read_period(period), k, hall.now)


async def day_of_ratings(hall: Hall) -> None:
    """Six ratings for one clerk, two for another; one customer did not answer."""
    await hall.hear(*(rating(n, 3 - n % 2) for n in range(6)), *(rating(n, clerk="2048") for n in (6, 7)))
    await hall.hear(*(service(n) for n in range(8)), service(8, answered=False))
    await hall.close_day()


async def test_the_published_figures_by_hand(hall: Hall) -> None:
    await day_of_ratings(hall)
    document = (await published(hall)).edition.document
    cells = cells_of(document)
    assert (cells["all", ""]["n"], cells["all", ""]["counts"]) == (8, [0, 3, 5])
    assert cells["all", ""]["wait_s"] == 180
    assert cells["clerk", "2048"] == {"level": "clerk", "station": "harbour", "name": "2048", "left_out": True}
    assert cells["clerk", "1024"]["left_out"]
    services = {one["level"]: one for one in json.loads(document)["services"]}
    assert services["station"]["served"] == 9
    assert (services["station"]["share"], services["station"]["not_invited"]) == (889, {})


async def test_ratings_of_two_scales_are_never_added(hall: Hall) -> None:
    await hall.hear(*(rating(n) for n in range(5)), *(rating(n, 5, scale=5) for n in range(5, 10)))
    await hall.close_day()
    tables = json.loads((await published(hall)).edition.document)["ratings"]
    assert [(one["channel"], one["scale"], one["cells"][0]["n"]) for one in tables] == [
        ("counter", 3, 5),
        ("counter", 5, 5),
    ]


async def test_no_writer_waits_while_the_log_is_read_for_a_publication(hall: Hall) -> None:
    await day_of_ratings(hall)
    said: list[str] = []
    event.listen(hall.engine.sync_engine, "before_cursor_execute", lambda c, k, sql, *_: said.append(sql))
    await published(hall)
    begun = "\n".join(said).split("BEGIN")
    assert [one for one in begun if "evidence_entry.type" in one] != []
    assert [one for one in begun if "evidence_entry.type" in one and one.startswith(" IMMEDIATE")] == []


async def test_two_who_publish_at_once_publish_one_edition(hall: Hall) -> None:
    await day_of_ratings(hall)
    first, second = await asyncio.gather(published(hall), published(hall))
    assert first.edition == second.edition
    assert [first.is_new, second.is_new].count(True) == 1


async def test_a_publication_is_signed_and_the_log_says_so(hall: Hall) -> None:
    await day_of_ratings(hall)
    edition = (await published(hall)).edition
    digest = hashlib.sha256(edition.document).hexdigest()
    text = verify_note(edition.note, [SIGNER.public])
    assert text == f"weiran publication 1\n{SIGNER.name}\n2026-11\n{edition.size}\n{digest}\n1\n"
    assert [body["sha256"] for body in await hall.entries("publication")] == [digest]


async def test_an_edition_is_given_out_again_until_more_of_its_period_has_come(hall: Hall) -> None:
    await day_of_ratings(hall)
    first = await published(hall)
    again = await published(hall)
    await hall.hear(rating(99))
    await hall.count()
    await hall.count(WAITED + 32 * DAY)
    other = await published(hall, "2025")
    later = await published(hall)
    assert (first.is_new, again) == (True, Published(first.edition, False))
    assert (other.edition.edition, later.edition.edition, later.is_new) == (1, 2, True)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The log's key as its file holds it."""
    file = tmp_path / "evidence.key"
    file.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    return file


@pytest.fixture
def config(tmp_path: Path, key_file: Path) -> Path:
    """The gateway's settings."""
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'data_dir = "{tmp_path}"\n[evidence]\nkey_file = "{key_file}"\n[ratings]\npublish_k = 4\n', encoding="utf-8"
    )
    return file


async def test_what_the_command_publishes_is_made_again_from_the_export(
    hall: Hall, config: Path, tmp_path: Path
) -> None:
    await day_of_ratings(hall)
    out, log = tmp_path / "november.json", tmp_path / "log.txt"
    asked = ["ratings", "publish", "--period", "2026-11", "--out", str(out), "--config", str(config)]
    await hall.outside(lambda: run(asked))
    await export_log(hall.ground.file, log, hall.now)
    found = verifier.verify_file(log, [SIGNER.public.vkey], publication=out)
    assert (found.pinned, found.counts.publications) == (True, 1)
    assert run(["evidence", "verify", str(log), "--publication", str(out)]) == 0


ROWS = [Row("counter", 3, 1 + n % 3, "counter", "harbour", "1", "1024", "2026-11-22", 60) for n in range(8)]
LINES = export_lines(ROWS, [])
DOCUMENT = write_publication(NOVEMBER, ROWS, [], len(LINES), 4)
NOTE = sign_note(note_text(SIGNER.name, "2026-11", len(LINES), DOCUMENT, 1), SIGNER.name, SIGNER.key)
KEYS = [verifier.read_key(SIGNER.public.vkey)]


def check(document: bytes, note: str, size: int = len(LINES)) -> None:
    verifier.check_publication(lambda: LINES, size, verifier.Publication(document, note), KEYS)


def test_a_publication_that_was_not_altered_is_sound() -> None:
    check(DOCUMENT, NOTE)


@pytest.mark.parametrize(
    ("document", "note", "size", "reason"),
    [
        (DOCUMENT.replace(b'"n":8', b'"n":9', 1), NOTE, len(LINES), "publication"),
        (DOCUMENT.replace(b'"k":4', b'"k":9', 1), NOTE, len(LINES), "publication"),
        (DOCUMENT, NOTE.replace("2026-11", "2026-10", 1), len(LINES), "publication-note"),
        (DOCUMENT, sign_note("weiran publication 1\n", SIGNER.name, SIGNER.key), len(LINES), "publication-note"),
        (
            DOCUMENT,
            sign_note(NOTE.rpartition("\n\n")[0] + "\n", SIGNER.name, DEVICE_KEY),
            len(LINES),
            "publication-note",
        ),
        (DOCUMENT, NOTE, len(LINES) + 1, "publication-entry"),
    ],
    ids=["figure", "k", "note", "note-of-another", "another-key", "never-published"],
)
def test_a_publication_that_was_altered_is_found(document: bytes, note: str, size: int, reason: str) -> None:
    with pytest.raises(verifier.Broken) as caught:
        check(document, note, size)
    assert caught.value.reason == reason


def test_without_the_log_s_key_nothing_is_published(hall: Hall, tmp_path: Path) -> None:
    config, out = tmp_path / "gateway.toml", tmp_path / "out.json"
    config.write_text(f'data_dir = "{tmp_path}"\n', encoding="utf-8")
    assert run(["ratings", "publish", "--period", "2026", "--out", str(out), "--config", str(config)]) == 1
    assert not out.exists()
