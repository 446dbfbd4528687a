"""Letters by a real mail server: what arrives, what is tried again, and what is not."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from cloud_gateway.outreach.channels.mail import MailSender, compose
from cloud_gateway.outreach.sending import CannotSend
from cloud_gateway.outreach.settings import Mail
from deploy.servers import free_port
from tests.cloud_gateway.outreach.letters import letter, person
from tests.cloud_gateway.outreach.sinks import certify, post_office

SENDER = "alerts@insurer.example.org"
LIN = person(mail="lin@example.org")


def by(port: int, tls: str = "none", **more: object) -> MailSender:
    said = {"host": "127.0.0.1", "port": port, "tls": tls, "sender": SENDER} | more
    return MailSender(Mail.model_validate(said))


async def test_letter_arrives_with_our_id_and_its_words_whole() -> None:
    async with post_office() as office:
        await by(office.port).send(letter(), LIN)
        (mail,) = await office.came()
    assert mail["Message-ID"] == "<0197f2aa-0000-7000-8000-000000000001@insurer.example.org>"
    assert (mail["Subject"], mail["To"]) == ("官方预警 · 暴雨（橙色） · 浦东仓库", "林一 <lin@example.org>")
    assert (mail["Date"], mail["Auto-Submitted"]) == ("Mon, 20 Jul 2026 00:00:00 +0000", "auto-generated")
    assert mail["List-Id"] == "Weiran <weiran.insurer.example.org>"
    assert mail.get_content().replace("\r\n", "\n") == letter().body


async def test_letter_sent_again_is_the_same_to_the_byte() -> None:
    async with post_office() as office:
        sender = by(office.port)
        await sender.send(letter(), LIN)
        await sender.send(letter(), LIN)
        await office.came(2)
    assert office.letters[0] == office.letters[1]


@pytest.mark.parametrize("starttls", [True, False], ids=["starttls", "tls"])
async def test_letter_travels_encrypted_to_a_server_that_is_trusted(tmp_path: Path, starttls: bool) -> None:
    context, ca = certify(tmp_path)
    async with post_office(context, needs_starttls=starttls) as office:
        await by(office.port, "starttls" if starttls else "tls", ca_file=ca).send(letter(), LIN)
        await office.came()
    assert office.safe == [True]


async def test_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    context, _ca = certify(tmp_path)
    async with post_office(context, needs_starttls=True) as office:
        with pytest.raises(CannotSend) as refused:
            await by(office.port, "starttls").send(letter(), LIN)
    assert (refused.value.retry, office.letters) == (True, [])


async def test_letter_never_leaves_in_the_clear_when_encryption_is_wanted() -> None:
    async with post_office() as office:
        with pytest.raises(CannotSend) as refused:
            await by(office.port, "starttls").send(letter(), LIN)
    assert (refused.value.retry, office.letters) == (True, [])


@pytest.mark.parametrize(
    ("to_recipient", "to_data", "retry"),
    [
        ("451 try later", "250 ok", True),
        ("550 no such user lin@example.org", "250 ok", False),
        ("250 ok", "452 no room", True),
        ("250 ok", "554 refused as spam", False),
    ],
    ids=["recipient later", "recipient never", "text later", "text never"],
)
async def test_only_a_lasting_refusal_ends_the_tries(to_recipient: str, to_data: str, retry: bool) -> None:
    async with post_office() as office:
        office.to_recipient, office.to_data = to_recipient, to_data
        with pytest.raises(CannotSend) as refused:
            await by(office.port).send(letter(), LIN)
    assert refused.value.retry is retry
    assert "lin@" not in str(refused.value)


async def test_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(CannotSend) as refused:
        await by(free_port()).send(letter(), LIN)
    assert refused.value.retry


@pytest.mark.parametrize(
    "address", ["", "lin", "lin@example.org\r\nBcc: x@example.org", "林@example.org", "a@b, c@d"], ids=repr
)
async def test_address_that_is_none_is_refused_for_good(address: str) -> None:
    with pytest.raises(CannotSend) as refused:
        await by(free_port()).send(letter(), person(mail=address))
    assert not refused.value.retry


def test_no_text_can_add_a_header() -> None:
    raw = compose(letter(subject="a\r\nBcc: x@example.org\n\nb"), person(name="L\nCc: y", mail="l@example.org"), SENDER)
    mail = message_from_bytes(raw, policy=policy.default)
    assert (mail["Bcc"], mail["Cc"], mail["Subject"]) == (None, None, "a Bcc: x@example.org b")
