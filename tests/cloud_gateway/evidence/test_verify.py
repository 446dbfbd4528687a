"""What verifying an export finds: each single alteration at its place, and what only an old head or a receipt shows."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry, Json, Sealed, seal_entry
from cloud_gateway.evidence.heads import Signer
from cloud_gateway.ratings.masks import Reason, Report, write_report
from edge_agent.proof.checkpoints import sign_note
from edge_agent.proof.merkle import leaf_hash
from tests.cloud_gateway.evidence import exports
from tests.cloud_gateway.evidence.exports import (
    EPOCH,
    ORIGIN,
    Made,
    edit,
    find_break,
    hold_entry,
    judge,
    key_entry,
    make_export,
    note_at,
    plain_record,
    receipt,
    signed_record,
    walk_through,
)
from tests.cloud_gateway.evidence.pieces import AT

SIZE, HEADS, STEP = 10_000, 100, 250
Alter = Callable[[list[bytes], int], None]
Hide = Callable[[list[bytes], verifier.Walk], list[bytes]]


def entry_of(place: int) -> Entry:
    """Records of two devices, and now and then a text."""
    if place == 0:
        return key_entry()
    if place % 97 == 0:
        return hold_entry(place)
    return signed_record(place) if place % 20 == 1 else plain_record(place)


@pytest.fixture(scope="module")
def large() -> Made:
    return make_export(map(entry_of, range(SIZE)), HEADS)


@pytest.fixture(scope="module")
def walks(large: Made) -> list[verifier.Walk]:
    return walk_through(large, STEP)


@pytest.fixture(scope="module")
def small() -> Made:
    return make_export(map(entry_of, range(100)), 30)


@pytest.mark.parametrize("alter", [edit, exports.delete, exports.insert, exports.swap])
@pytest.mark.parametrize("hide", [exports.leave, exports.relabel], ids=["as it is", "numbered again"])
def test_each_single_alteration_of_10000_entries_is_found_at_its_place(
    alter: Alter, hide: Hide, large: Made, walks: list[verifier.Walk]
) -> None:
    assert [_altered_and_found(large, walks, alter, hide, seed)[0] for seed in range(17)] == [True] * 17


@pytest.mark.parametrize("alter", [edit, exports.delete, exports.insert, exports.swap])
def test_who_sets_all_roots_right_again_is_found_by_the_next_head(
    alter: Alter, large: Made, walks: list[verifier.Walk]
) -> None:
    found = [_altered_and_found(large, walks, alter, exports.recompute, seed) for seed in range(100, 117)]
    assert [within for _, within in found] == [True] * 17


def _altered_and_found(
    made: Made, walks: list[verifier.Walk], alter: Alter, hide: Hide, seed: int
) -> tuple[bool, bool]:
    """Whether the break was named at the very place, and whether the altered place is within the range that is named.

    A swap is of a place and the one before it.
    """
    place = random.Random(f"{alter.__name__} {seed}").randrange(2, SIZE)
    start, lines = walks[(place - 1) // STEP], list(made.entries)
    alter(lines, place)
    broken = find_break(made, start, hide(lines, start))
    assert broken.index is not None and broken.first is not None and broken.last is not None
    first = place - (alter is exports.swap)
    narrow = broken.last - broken.first <= HEADS
    return broken.index == first, narrow and broken.first <= first <= broken.last


def test_a_sound_export_is_sound_and_its_numbers_are_told(small: Made) -> None:
    found = judge(small.lines, [exports.SIGNER.public.vkey], [note_at(small, 1)], [receipt(21, note_at(small, 0))])
    assert isinstance(found, verifier.Result)
    assert found == verifier.Result(ORIGIN, 100, found.root, True, verifier.Counts(98, 5, 93, 4, 2, 1, 1, 0))


def test_without_a_key_of_ones_own_that_is_said(small: Made) -> None:
    found = judge(small.lines)
    assert isinstance(found, verifier.Result)
    assert not found.pinned
    assert "key not pinned" in verifier.tell(found)


STRANGER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))


def reason(found: verifier.Result | verifier.Broken) -> tuple[str, int | None]:
    assert isinstance(found, verifier.Broken), found
    return found.reason, found.index


def test_a_log_that_another_key_has_signed_is_not_the_one_that_is_pinned(small: Made) -> None:
    assert reason(judge(small.lines, [STRANGER.public.vkey])) == ("head-key", 0)


def test_a_cut_tail_is_found_from_one_old_checkpoint(small: Made) -> None:
    cut = exports.write_log(small.sealed[:60], 30)
    assert isinstance(judge(cut.lines), verifier.Result)
    found = judge(cut.lines, old=[note_at(small, 2)])
    assert reason(found) == ("cut-tail", 60)
    assert isinstance(found, verifier.Broken)
    assert found.last == 89


def test_a_cut_tail_is_found_from_one_receipt(small: Made) -> None:
    cut = exports.write_log(small.sealed[:60], 30)
    assert reason(judge(cut.lines, receipts=[receipt(81)])) == ("receipt-missing", None)
    assert reason(judge(cut.lines, receipts=[receipt(81, note_at(small, 2))])) == ("cut-tail", 60)


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        pytest.param(exports.SIGNER, "rewritten", id="by who holds the key"),
        pytest.param(STRANGER, "head-key", id="anew"),
    ],
)
def test_a_wholly_rewritten_log_is_found_from_one_old_checkpoint(small: Made, signer: Signer, code: str) -> None:
    rewritten = make_export([key_entry(), *map(plain_record, range(1, 100))], 30, signer)
    assert isinstance(judge(rewritten.lines), verifier.Result)
    assert reason(judge(rewritten.lines, old=[note_at(small, 0)])) == (code, 0)


def test_a_wholly_rewritten_log_is_found_from_one_receipt(small: Made) -> None:
    entries = [key_entry(), *(signed_record(seq, said=b'{"score":3}') for seq in range(1, 100))]
    rewritten = make_export(entries, 30)
    assert isinstance(judge(rewritten.lines), verifier.Result)
    assert reason(judge(rewritten.lines, receipts=[receipt(21)])) == ("receipt-differs", 21)


def test_a_receipt_that_its_device_has_not_signed_is_told_from_a_log_that_lacks_it(small: Made) -> None:
    assert reason(judge(small.lines, receipts=[receipt(21, key=STRANGER.key)])) == ("receipt-forged", None)
    assert reason(judge(small.lines, receipts=[receipt(22)])) == ("receipt-missing", None)


def test_a_receipt_with_an_empty_head_is_one_without(small: Made) -> None:
    assert isinstance(judge(small.lines, receipts=[receipt(21, "")]), verifier.Result)


def test_a_record_that_is_not_signed_by_its_device_is_found_though_heads_are_right() -> None:
    forged = make_export([key_entry(), signed_record(1), signed_record(2, key=STRANGER.key)])
    assert reason(judge(forged.lines)) == ("record-signature", 2)


def test_a_record_is_checked_by_keys_that_come_before_it() -> None:
    late = make_export([signed_record(1), key_entry(), signed_record(2)])
    found = judge(late.lines)
    assert isinstance(found, verifier.Result)
    assert (found.counts.signed, found.counts.unproven) == (1, 1)


def test_an_unsigned_record_of_a_device_with_a_key_is_found() -> None:
    entries = [key_entry(), Entry("record", {**signed_record(1).body, "sig": None})]
    assert reason(judge(make_export(entries).lines)) == ("record-signature", 1)


def restored(size: int) -> Entry:
    body: dict[str, Json] = {"backup": "b-1", "size": size, "root": base64.b64encode(bytes(32)).decode()}
    return Entry("restored", body | {"origin": f"{ORIGIN}/1"})


def test_a_head_of_before_a_restore_shows_what_was_lost_by_it(small: Made) -> None:
    after = exports.write_log(small.sealed[:40])
    entry = seal_entry(restored(40), AT)
    whole = exports.write_log([*small.sealed[:40], entry], origin=f"{ORIGIN}/1")
    found = [*whole.lines[:-1], after.lines[-1], whole.lines[-1]]
    sound = judge(found, old=[note_at(small, 0)])
    assert isinstance(sound, verifier.Result)
    assert "Ask: 1 times the log went on from a backup" in verifier.tell(sound)
    assert reason(judge(found, old=[note_at(small, 1)])) == ("restored", 40)


def test_a_head_of_another_log_is_told(small: Made) -> None:
    other = exports.write_log(small.sealed, origin="weiran.example/other")
    assert reason(judge([*small.lines[:-1], other.lines[-1]])) == ("origin", 90)


def resize(line: bytes) -> bytes:
    return line.replace(b"weiran.example/evidence\\n100", b"weiran.example/evidence\\n101")


@pytest.mark.parametrize(
    ("spoil", "code", "index"),
    [
        pytest.param(lambda lines: lines[:-1], "no-head", 90, id="without its last head"),
        pytest.param(lambda lines: [*lines[:-1], resize(lines[-1])], "head-signature", 90, id="a head of another size"),
        pytest.param(lambda lines: [*lines[:-2], lines[-1], lines[-2]], "head-order", 60, id="heads swapped"),
        pytest.param(lambda lines: [*lines[:-1], b'{"checkpoint":"x"}'], "head-form", 90, id="no note"),
        pytest.param(lambda lines: [*lines[:50], b"{}", *lines[50:]], "form", 49, id="a line of another kind"),
        pytest.param(lambda lines: [*lines[:40], lines[40][:-20]], "form", 39, id="cut in a line"),
        pytest.param(lambda lines: [*lines[:101], lines[100], *lines[101:]], "surplus", 100, id="an entry too many"),
    ],
)
def test_what_is_wrong_around_the_entries_is_found(
    spoil: Callable[[list[bytes]], list[bytes]], code: str, index: int, small: Made
) -> None:
    assert reason(judge(spoil(small.lines))) == (code, index)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b'{"v":1,"type":"x","body":{},"at":1}', "canonical", id="another order"),
        pytest.param(b'{"at":1,"body":{"a":1,"a":1},"type":"x","v":1}', "canonical", id="a name twice"),
        pytest.param(b'{"at":1,"body":{"a":1.0},"type":"x","v":1}', "whole", id="a float"),
        pytest.param(b'{"at":1,"body":{"a":9007199254740992},"type":"x","v":1}', "exact", id="too large"),
        pytest.param(b'{"at":1,"body":{"a":NaN},"type":"x","v":1}', "whole", id="no number"),
        pytest.param(b'{"at":1,"body":{"a":"\\u00e9"},"type":"x","v":1}', "canonical", id="escaped"),
        pytest.param('{"at":1,"body":{"名":1},"type":"x","v":1}'.encode(), "ASCII", id="a name outside ASCII"),
        pytest.param(b'{"at":1,"body":{},"type":"x","v":2}', "version", id="another version"),
        pytest.param(b'{"at":1,"body":{},"type":"x","v":true}', "version", id="a version that is no number"),
        pytest.param(b'{"at":1,"body":{},"type":"key","v":1}', "no key", id="a key that is none"),
        pytest.param(b'{"at":1,"body":' + b"[" * 5000 + b"]" * 5000 + b',"type":"x","v":1}', "deep", id="deep"),
    ],
)
def test_an_entry_that_is_not_written_as_it_must_be_is_refused(raw: bytes, why: str) -> None:
    found = judge(exports.write_log([Sealed("x", raw, ())]).lines)
    assert reason(found) == ("form", 0)
    assert why in str(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("case 7", "case 8", id="text"),
        pytest.param('"salt":"', '"salt":"00', id="salt"),
        pytest.param('"salt":"', '"salt":" ', id="a salt written otherwise"),
        pytest.param('"i":97', '"i":96', id="place"),
    ],
)
def test_a_text_is_the_one_that_its_entry_was_made_with(old: str, new: str, small: Made) -> None:
    altered = [
        line.replace(old.encode(), new.encode()) if line.startswith(b'{"text"') else line for line in small.lines
    ]
    assert reason(judge(altered))[0] == "text"


def test_a_text_that_was_erased_may_not_be_shown() -> None:
    text: dict[str, Json] = {"place": 0, "path": "body.reason"}
    erasure = Entry("erasure", {"texts": [text], "reason": "ordered", "rule": "2026-11", "by": "operator-1"})
    made = make_export([hold_entry(1), erasure])
    assert reason(judge(made.lines)) == ("erased-text", 0)
    found = judge([line for line in made.lines if not line.startswith(b'{"text"')])
    assert isinstance(found, verifier.Result)
    assert found.counts.erased == 1


REGULATOR = Signer("regulator.example", Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))


def mask(made: Made, signer: Signer = REGULATOR, told: int = 1, other: dict[str, Json] | None = None) -> Entry:
    """Of the text of entry 1, with the receipt of this signer about the entry `told`; `other` stands in its body."""
    leaves = [leaf_hash(one.body).hex() for one in made.sealed]
    report = Report(ORIGIN, told, "body.reason", leaves[told], Reason.ABUSE, "R-2026-17")
    what: dict[str, Json] = {"place": 1, "path": "body.reason", "leaf": leaves[1], "reason": "abuse"}
    note = sign_note(write_report(report), REGULATOR.name, signer.key)
    return Entry("mask", what | {"receipt": note, "by": "operator-1"} | (other or {}))


def make_masked(count: int) -> Made:
    """A log of the regulator's key and so many texts."""
    public = base64.b64encode(REGULATOR.public.public).decode()
    key = Entry("key", {"role": "regulator", "name": REGULATOR.name, "key": public, "enrolment": ""})
    return make_export([key, *(hold_entry(number) for number in range(1, count + 1))])


@pytest.mark.parametrize(
    ("signer", "found"),
    [pytest.param(REGULATOR, ("erased-text", 1), id="his"), pytest.param(STRANGER, ("mask-receipt", 2), id="forged")],
)
def test_a_text_is_masked_by_an_entry_with_a_regulators_receipt_and_no_longer_shown(
    signer: Signer, found: tuple[str, int]
) -> None:
    before = make_masked(1)
    after = exports.write_log([*before.sealed, seal_entry(mask(before, signer), AT)])
    assert reason(judge(after.lines)) == found
    hidden = judge([line for line in after.lines if not line.startswith(b'{"text"')])
    assert isinstance(hidden, verifier.Result) == (signer is REGULATOR)


def test_who_may_mask_texts_is_said() -> None:
    found = judge(make_masked(1).lines)
    assert isinstance(found, verifier.Result)
    assert f"Ask: texts may be masked by {REGULATOR.name}+{REGULATOR.public.id.hex()}" in verifier.tell(found)


def test_a_device_that_got_another_key_is_said() -> None:
    entries = [key_entry(), signed_record(1), key_entry(STRANGER.key), signed_record(2, key=STRANGER.key)]
    found = judge(make_export(entries).lines)
    assert isinstance(found, verifier.Result)
    assert found.counts.rekeyed == 1


def test_what_a_stranger_wrote_moves_no_cursor_and_stops_no_terminal(small: Made) -> None:
    facts = {"d": "\x1b[2J\ud800", "e": EPOCH, "s": 1, "k": "rating/1", "a": 1, "b": "", "g": ""}
    text = "WR1." + base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")
    found = judge(small.lines, receipts=[text])
    assert isinstance(found, verifier.Broken)
    assert verifier.tell(found).isprintable()
    assert str(verifier.describe(found)["detail"]).isprintable()


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param({"leaf": "0" * 64}, 1, id="another leaf"),
        pytest.param({"place": 2}, 1, id="the place of another text"),
        pytest.param({"place": 3}, 1, id="its own place"),
        pytest.param({"place": 9}, 1, id="a place that is none"),
        pytest.param({"path": "body.by"}, 1, id="what is no text"),
        pytest.param({}, 2, id="a receipt about another text"),
        pytest.param({"reason": "unlawful"}, 1, id="another reason than the regulator's"),
    ],
)
def test_a_mask_that_does_not_fit_the_entry_it_masks_is_named(other: dict[str, Json], told: int) -> None:
    before = make_masked(2)
    after = exports.write_log([*before.sealed, seal_entry(mask(before, told=told, other=other), AT)])
    assert reason(judge(after.lines)) == ("mask-fit", 3)


@pytest.mark.parametrize(
    ("header", "arguments"),
    [
        pytest.param(b"no export", {}, id="another file"),
        pytest.param(b"", {}, id="an empty header"),
        pytest.param(None, {"keys": ["x+y+z"]}, id="a key that is none"),
        pytest.param(None, {"old": ["a note that is none"]}, id="a checkpoint that is none"),
        pytest.param(None, {"receipts": ["WR1.e30"]}, id="a receipt that is none"),
        pytest.param(None, {"receipts": ["WR1.eyJkIjoi_yJ9"]}, id="a receipt that is no UTF-8"),
    ],
)
def test_what_cannot_be_used_is_no_finding(header: bytes | None, arguments: dict[str, list[str]], small: Made) -> None:
    with pytest.raises(verifier.Unusable):
        judge([small.header if header is None else header, *small.lines[1:]], **arguments)
