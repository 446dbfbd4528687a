"""Ratings on the web: given once, shown for ever, answered, appealed, masked only by a regulator's receipt."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from cloud_gateway.database import reading, transaction
from cloud_gateway.evidence import weiran_verify
from cloud_gateway.evidence.entries import hash_text
from cloud_gateway.evidence.export import export_log
from cloud_gateway.ratings.store_batches import release_due
from cloud_gateway.ratings.store_receipts import find_counted
from cloud_gateway.ratings.tables_web import rating_invitation
from tests.cloud_gateway.conftest import now_ms
from tests.cloud_gateway.ratings.web.ground import REGULATOR_VKEY, Ground

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_visit_changes_nothing_and_the_button_rates_once(ground: Ground) -> None:
    path = await ground.invite()
    first = await ground.form(path, score=2, text="slow")
    other = await ground.form(path, score=5, text="of another hand")
    kept = await ground.visitor.post(path, data=first)
    again = await ground.visitor.post(path, data=first)
    assert (kept.status_code, again.text) == (200, kept.text)
    assert (await ground.visitor.post(path, data=other)).status_code == 410
    assert (await ground.visitor.get(path)).status_code == 410


async def test_of_several_who_press_at_once_one_rates(ground: Ground) -> None:
    path = await ground.invite()
    forms = [await ground.form(path, score=score) for score in (1, 3, 5)]
    answers = await asyncio.gather(*(ground.visitor.post(path, data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410]


@pytest.mark.parametrize("wrong", [{"score": 0}, {"score": 6}, {"score": 4, "draw": "x"}], ids=["none", "six", "draw"])
async def test_what_the_form_would_not_send_is_refused(ground: Ground, wrong: dict[str, object]) -> None:
    path = await ground.invite()
    answer = await ground.visitor.post(path, data={**await ground.form(path), **wrong})
    assert answer.status_code == 422
    assert (await ground.visitor.get(path)).status_code == 200


async def test_three_levels_by_choice_of_the_invitation(ground: Ground) -> None:
    page = await ground.visitor.get(await ground.invite(scale=3))
    assert page.text.count('type="radio"') == 3


async def test_nobody_is_invited_to_rate_a_station_that_is_not_there(ground: Ground) -> None:
    answer = await ground.post("operations", "/rating-invitations", {"stage": "claim", "station": "harbor"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "unknown_station", "station")


async def test_neither_token_nor_secret_is_kept(ground: Ground) -> None:
    path = await ground.invite()
    kept = await ground.rate(3, "to be kept")
    files = ground.console.settings.data_dir.glob("gateway.db*")
    stored = b"".join(file.read_bytes() for file in files)
    secrets = [path.rpartition("/")[2], kept.own.rpartition("/")[2], kept.secret.replace(" ", "")]
    assert b"to be kept" in stored
    assert [secret.encode() in stored for secret in secrets] == [False, False, False]


async def test_wall_has_the_newest_first_and_pages_by_stage_and_station(ground: Ground) -> None:
    await ground.enter_stations(harbour="Harbour", hill="Hill")
    first = await ground.rate(1, stage="renewal", station="harbour")
    second = await ground.rate(5, stage="renewal", station="hill")
    third = await ground.rate(2, stage="renewal", station="harbour")
    whole = (await ground.visitor.get("/api/v1/wall", params={"stage": "renewal", "limit": 2})).json()
    rest = (await ground.visitor.get("/api/v1/wall", params={"stage": "renewal", "after": whole["next"]})).json()
    one = (await ground.visitor.get("/api/v1/wall", params={"station": "harbour"})).json()
    assert [item["place"] for item in whole["items"]] == [third.place, second.place]
    assert [item["place"] for item in rest["items"]] == [first.place]
    assert [item["score"] for item in one["items"]] == [2, 1]


async def test_clerk_stands_neither_on_the_wall_nor_in_the_entry(ground: Ground) -> None:
    kept = await ground.rate(1, "late", clerk="clerk-7731")
    wall = await ground.visitor.get(f"/wall/{kept.place}")
    proof = await ground.visitor.get(f"/api/v1/wall/{kept.place}/proof")
    assert "7731" not in wall.text + proof.text


async def test_reply_and_answer_are_appended(ground: Ground) -> None:
    kept = await ground.rate(2, "nobody called back")
    assert (await ground.post("operations", f"/wall/{kept.place}/replies", {"text": "We call"})).status_code == 201
    assert (await ground.visitor.post(kept.own, data={"text": "They did\u202e\x07."})).status_code == 303
    said = (await ground.visitor.get(f"/api/v1/wall/{kept.place}")).json()["said"]
    assert [(one["kind"], one["text"]["text"]) for one in said] == [("reply", "We call"), ("answer", "They did.")]


async def test_customer_answers_ten_times_at_most(ground: Ground) -> None:
    kept = await ground.rate(2)
    for number in range(12):
        await ground.visitor.post(kept.own, data={"text": f"answer {number}"})
    said = (await ground.visitor.get(f"/api/v1/wall/{kept.place}")).json()["said"]
    assert len(said) == 10


@pytest.mark.parametrize("role", ["regulator", "inspector", "risk-engineer"])
async def test_others_may_not_speak_for_the_insurer(ground: Ground, role: str) -> None:
    assert (await ground.post(role, "/wall/0/replies", {"text": "hello"})).status_code == 403


async def test_appeal_is_ruled_on_by_somebody_else_and_the_score_stays(ground: Ground) -> None:
    await ground.enter_clerk()
    kept = await ground.rate(1, "rude")
    wall = f"/wall/{kept.place}"
    appeal = {"text": "It was not my counter", "clerk": "1024", "manager": "demo"}
    assert (await ground.post("counter-manager", f"{wall}/appeals", appeal)).status_code == 201
    assert (await ground.visitor.get(f"/api/v1{wall}")).json()["mark"] == "pending"
    assert (await ground.post("operations", f"{wall}/appeals", appeal)).json()["code"] == "appealed"
    ruling = {"text": "The rota agrees", "outcome": "upheld"}
    refused = [
        (await ground.post(who, f"{wall}/rulings", ruling)).json()["code"] for who in ("counter-manager", "demo")
    ]
    assert refused == ["may_not_rule_filer", "may_not_rule_manager"]
    assert (await ground.post("operations", f"{wall}/rulings", ruling)).status_code == 201
    assert (await ground.post("administrator", f"{wall}/rulings", ruling)).json()["code"] == "may_not_rule_ruled"
    shown = (await ground.visitor.get(f"/api/v1{wall}")).json()
    assert (shown["mark"], shown["score"], shown["text"]["text"]) == ("upheld", 1, "rude")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"clerk": "1O24"}, "unknown_clerk"), ({"manager": "Demo "}, "unknown_manager")],
    ids=["clerk", "manager"],
)
async def test_appeal_names_nobody_who_is_not_known(ground: Ground, wrong: dict[str, str], code: str) -> None:
    await ground.enter_clerk()
    kept = await ground.rate(1, "rude")
    appeal = {"text": "It was not my counter", "clerk": "1024", "manager": "demo"} | wrong
    answer = await ground.post("counter-manager", f"/wall/{kept.place}/appeals", appeal)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_late_rating_is_told_that_it_is_late(ground: Ground) -> None:
    path = await ground.invite()
    form = await ground.form(path, score=2)
    async with transaction(ground.console.engine) as connection:
        await connection.execute(update(rating_invitation).values(expires_at=1))
    page, sent = await ground.visitor.get(f"{path}?lang=en"), await ground.visitor.post(f"{path}?lang=en", data=form)
    assert (sent.status_code, sent.text) == (410, page.text)


@pytest.mark.parametrize("number", ["", "%07%0A"], ids=["none", "controls"])
async def test_report_without_a_number_is_not_drafted(ground: Ground, number: str) -> None:
    kept, client = await ground.rate(1, "rude"), await ground.staff("operations")
    answer = await client.get(f"/api/v1/wall/{kept.place}/report?reason=abuse&number={number}")
    assert (answer.status_code, answer.json()["field"]) == (422, "number")


async def test_mask_needs_the_receipt_of_a_named_regulator_about_that_very_text(ground: Ground) -> None:
    kept, other = await ground.rate(1, "a private name"), await ground.rate(1, "another")
    path = f"/wall/{kept.place}/masks"
    good = await ground.receipt_of_report(kept.place)
    before = await ground.post("operations", path, {"receipt": good})
    await ground.mask((await ground.rate(1, "names the key")).place)
    foreign = await ground.receipt_of_report(kept.place, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    wrong = await ground.receipt_of_report(other.place)
    refused = [before, *[await ground.post("operations", path, {"receipt": one}) for one in (foreign, wrong)]]
    codes = [answer.json()["code"] for answer in refused]
    assert codes == ["receipt-unsigned", "receipt-unsigned", "receipt-of-another-text"]
    assert (await ground.visitor.get(f"/api/v1/wall/{kept.place}")).json()["text"]["text"] == "a private name"
    assert (await ground.post("operations", path, {"receipt": good})).status_code == 201
    again = await ground.post("operations", path, {"receipt": good})
    assert again.json()["code"] == "no_text"


async def test_masked_text_leaves_leaf_and_proof_and_a_sound_export(ground: Ground, tmp_path: Path) -> None:
    kept = await ground.rate(2, "an insult to be masked")
    await ground.sign()
    before = (await ground.visitor.get(f"/api/v1/wall/{kept.place}/proof")).json()
    assert (await ground.mask(kept.place)).status_code == 201
    await ground.sign()
    after = (await ground.visitor.get(f"/api/v1/wall/{kept.place}/proof")).json()
    shown = (await ground.visitor.get(f"/api/v1/wall/{kept.place}")).json()
    assert (after["leaf"], after["entry"], after["holds"]) == (before["leaf"], before["entry"], True)
    assert hash_text(bytes.fromhex(before["salt"]), before["text"]) == after["entry"]["body"]["text"]["sha256"]
    assert (after["salt"], after["text"]) == (None, None)
    assert (shown["score"], shown["text"]["text"], shown["text"]["masked"]["reason"]) == (2, "", "abuse")
    out = tmp_path / "log.jsonl"
    await export_log(ground.console.settings.database, out, now_ms())
    assert b"an insult" not in out.read_bytes()
    assert weiran_verify.verify_file(out).counts.erased >= 1


async def test_text_is_masked_at_the_desk_by_file_and_a_wrong_receipt_is_named_at_its_field(ground: Ground) -> None:
    kept, other = await ground.rate(1, "words to be masked"), await ground.rate(1, "others")
    await ground.post("administrator", "/regulator-keys", {"vkey": REGULATOR_VKEY})
    path, client = f"/wall-desk/{kept.place}/mask?lang=en", await ground.staff("operations")
    assert path.partition("?")[0] in (await client.get("/wall-desk")).text
    assert "words to be masked" in (await client.get(path)).text
    wrong = await client.post(path, data={"receipt": await ground.receipt_of_report(other.place)})
    assert (wrong.status_code, "The receipt is about another text." in wrong.text) == (422, True)
    good = (await ground.receipt_of_report(kept.place)).encode()
    assert (await client.post(path, files={"file": ("receipt.txt", good)})).status_code == 303
    shown = (await ground.visitor.get(f"/api/v1/wall/{kept.place}")).json()
    assert (shown["score"], shown["text"]["text"], shown["text"]["masked"]["reason"]) == (1, "", "abuse")
    assert (await client.get(path)).status_code == 409


@pytest.mark.parametrize("role", ["regulator", "counter-manager"])
async def test_others_may_not_mask_at_the_desk(ground: Ground, role: str) -> None:
    client = await ground.staff(role)
    assert (await client.post("/wall-desk/0/mask", data={"receipt": "x"})).status_code == 403


async def test_secret_opens_the_row_once_it_is_counted_and_not_before(ground: Ground) -> None:
    kept = await ground.rate(4, stage="underwriting")
    waiting = await ground.visitor.post("/r/row?lang=en", data={"secret": kept.secret})
    async with transaction(ground.console.engine) as connection:
        await release_due(connection, 1, 31, now_ms())
    await ground.sign()
    counted = await ground.visitor.post("/r/row?lang=en", data={"secret": kept.secret.lower()})
    assert "waits to be counted" in waiting.text and "4 of 5" not in waiting.text
    assert "Your rating counts as: Satisfied" in counted.text and "checked just now" in counted.text


async def test_rating_is_counted_once_with_the_id_in_its_entry(ground: Ground) -> None:
    kept = await ground.rate(5, "fine")
    entry = (await ground.visitor.get(f"/api/v1/wall/{kept.place}/proof")).json()["entry"]
    async with reading(ground.console.engine) as connection:
        row = await find_counted(connection, entry["body"]["count"])
    assert row is not None
    assert (row.channel, row.stage, row.score) == ("web", "claim", 5)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"], ids=["early", "late"])
async def test_wall_and_count_have_one_day_wherever_the_station_is(ground: Ground, zone: str) -> None:
    await ground.enter_stations(zone=zone, island="Island")
    kept = await ground.rate(5, station="island")
    said = (await ground.visitor.get(f"/api/v1/wall/{kept.place}/proof")).json()["entry"]["body"]
    async with reading(ground.console.engine) as connection:
        row = await find_counted(connection, said["count"])
    assert row is not None
    assert row.day == said["day"]


async def test_unknown_link_tells_no_more_and_costs_time(ground: Ground) -> None:
    answers = [(await ground.visitor.get(f"/rate/{'A' * 43}")).status_code for _ in range(7)]
    assert (answers[0], answers[-1]) == (404, 429)


@pytest.mark.parametrize("path", ["/wall/{}", "/api/v1/wall/{}", "/api/v1/wall/{}/proof"])
async def test_place_that_no_log_can_have_is_refused(ground: Ground, path: str) -> None:
    answer = await ground.visitor.get(path.format(2**63))
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/wall", "/r", "/rate/x", "/rate/x/nothing"])
async def test_public_pages_give_no_address_away_and_set_no_cookie(ground: Ground, path: str) -> None:
    answer = await ground.visitor.get(path)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
