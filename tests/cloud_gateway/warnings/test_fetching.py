"""Documents of sources over real HTTP: bounded, from the addresses allowed, and nowhere else."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from ipaddress import ip_address
from ssl import create_default_context

import pytest
import pytest_asyncio

from cloud_gateway.warnings.addresses import CannotFetch, is_ours, is_public, origin_of, read_url
from cloud_gateway.warnings.fetching import Answer, Ask, Bounds, Fetcher
from tests.cloud_gateway.warnings.publisher import Publisher, Reply, publishing

TLS = create_default_context()  # made once: it reads all certificates
SMALL = Bounds(size=100_000, total_s=30)
QUICK = Bounds(size=100_000, total_s=0.3, step_s=0.3)


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing() as server:
        yield server


def ask(url: str, **changes: str) -> Ask:
    """A source at a private address of its own."""
    home = origin_of(read_url(url))
    return Ask(url, home=home, own=home, **changes)


async def get(url: str, bounds: Bounds = SMALL) -> Answer:
    return await Fetcher(bounds, TLS).fetch(ask(url))


async def code_of(url: str, bounds: Bounds = SMALL) -> str:
    with pytest.raises(CannotFetch) as caught:
        await get(url, bounds)
    return caught.value.code


async def test_a_document_comes_with_its_tags(publisher: Publisher) -> None:
    url = publisher.script("/a", Reply(body=b"<alert/>", headers=('ETag: "7"', "Last-Modified: yesterday")))
    assert await get(url) == Answer(b"<alert/>", '"7"', "yesterday", url)


async def test_what_has_not_changed_is_not_sent_again(publisher: Publisher) -> None:
    url = publisher.script("/a", Reply(304))
    answer = await Fetcher(SMALL, TLS).fetch(ask(url, etag='"7"', modified="yesterday"))
    assert (answer.body, answer.etag) == (None, '"7"')
    sent = publisher.requests[0].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"7"', "yesterday")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"<alert/>" * 9)),
        ("deflate", zlib.compress(b"<alert/>" * 9)),
        ("identity", b"<alert/>" * 9),
    ],
    ids=["gzip", "deflate", "identity"],
)
async def test_packed_bodies_are_unpacked(publisher: Publisher, encoding: str, body: bytes) -> None:
    url = publisher.script("/a", Reply(body=body, headers=(f"Content-Encoding: {encoding}",)))
    assert (await get(url)).body == b"<alert/>" * 9


GZIP = ("Content-Encoding: gzip",)
BAD = [
    ("too_large", Reply(body=b"x" * 100_001)),
    ("too_large", Reply(then=b"x" * 10_000)),
    ("too_large", Reply(body=gzip.compress(b"\0" * 50_000_000), headers=GZIP)),
    ("bad_encoding", Reply(body=gzip.compress(b"<alert/>" * 99)[:-12], headers=GZIP)),
    ("bad_encoding", Reply(body=b"<alert/>", headers=GZIP)),
    ("bad_encoding", Reply(body=b"<alert/>", headers=("Content-Encoding: br",))),
    ("http_status", Reply(500)),
    ("http_status", Reply(302)),
    ("unreachable", Reply(headers=("X: " + "y" * 200_000,))),
]
BAD_IDS = ["large", "endless", "gzip bomb", "gzip cut", "no gzip", "other packing", "500", "nowhere", "endless head"]


@pytest.mark.parametrize(("code", "reply"), BAD, ids=BAD_IDS)
async def test_bad_answers_are_refused_by_name(publisher: Publisher, code: str, reply: Reply) -> None:
    assert await code_of(publisher.script("/bad", reply)) == code


async def test_a_bomb_is_never_unpacked_whole(publisher: Publisher) -> None:
    url = publisher.script("/bomb", Reply(body=gzip.compress(b"\0" * 50_000_000), headers=GZIP))
    fetcher = Fetcher(SMALL, TLS)
    tracemalloc.start()
    with pytest.raises(CannotFetch, match="unpacked"):
        await fetcher.fetch(ask(url))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "reply", [Reply(then=b"-"), Reply(body=b"<", then=b"-")], ids=["no bytes", "a byte and no more"]
)
async def test_a_slow_answer_is_given_up(publisher: Publisher, reply: Reply) -> None:
    assert await code_of(publisher.script("/slow", reply), QUICK) == "too_slow"


async def test_a_drip_of_bytes_does_not_prolong_the_time(publisher: Publisher) -> None:
    url = publisher.script("/drip", Reply(then=b" "))
    assert await code_of(url, Bounds(size=10**12, total_s=0.3)) == "too_slow"


async def test_redirects_are_followed_a_few_times(publisher: Publisher) -> None:
    publisher.script("/3", Reply(body=b"<alert/>"))
    for step in (2, 1, 0):
        publisher.script(f"/{step}", Reply(302, headers=(f"Location: /{step + 1}",)))
    assert (await get(publisher.origin + "/0")).url == publisher.origin + "/3"


async def test_a_circle_of_redirects_ends(publisher: Publisher) -> None:
    url = publisher.script("/a", Reply(301, headers=("Location: /a",)))
    assert await code_of(url) == "too_many_redirects"
    assert publisher.times("/a") == 6


INSIDE = [
    "http://127.0.0.1:{port}/inside",
    "http://localhost:{port}/inside",
    "http://[::1]:{port}/inside",
    "http://[::ffff:127.0.0.1]:{port}/inside",
    "http://2130706433:{port}/inside",
    "http://0x7f.1:{port}/inside",
    "http://127.1:{port}/inside",
    "http://0.0.0.0:{port}/inside",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00::1]/inside",
    "http://[64:ff9b::7f00:1]/inside",
    "http://10.0.0.1/inside",
]


@pytest.mark.parametrize("target", INSIDE)
async def test_no_redirect_leads_inside(publisher: Publisher, target: str) -> None:
    async with publishing() as inside:
        address = target.format(port=inside.origin.rpartition(":")[2])
        url = publisher.script("/a", Reply(302, headers=(f"Location: {address}",)))
        assert await code_of(url) == "private_address"
    assert inside.requests == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@example.org/"])
async def test_no_redirect_leads_to_another_scheme(publisher: Publisher, target: str) -> None:
    assert await code_of(publisher.script("/a", Reply(302, headers=(f"Location: {target}",)))) == "bad_address"


async def test_a_source_is_not_inside_unless_its_settings_say_so(publisher: Publisher) -> None:
    url = publisher.script("/a", Reply(body=b"<alert/>"))
    with pytest.raises(CannotFetch) as caught:
        await Fetcher(SMALL, TLS).fetch(Ask(url))
    assert (caught.value.code, publisher.requests) == ("private_address", [])


async def test_the_token_goes_to_the_source_only(publisher: Publisher) -> None:
    elsewhere = ask(publisher.script("/b", Reply(body=b"<alert/>")), token="s3cret")
    await Fetcher(SMALL, TLS).fetch(elsewhere._replace(home=origin_of(read_url("http://127.0.0.1:1/"))))
    assert "authorization" not in publisher.requests[0].headers


async def test_the_source_gets_its_token_and_its_name(publisher: Publisher) -> None:
    named = publisher.script("/a", Reply(body=b"<alert/>")).replace("127.0.0.1", "localhost")
    await Fetcher(SMALL, TLS).fetch(ask(named, token="s3cret"))
    sent = publisher.requests[0].headers
    assert sent["authorization"] == "Bearer s3cret"
    assert sent["host"] == named.split("/")[2]


async def test_nobody_listening_is_told(publisher: Publisher) -> None:
    async with publishing() as gone:
        url = gone.origin
    assert await code_of(url) == "unreachable"


ADDRESSES = [
    ("8.8.8.8", True, False),
    ("2606:4700::1111", True, False),
    ("64:ff9b::808:808", True, False),
    ("127.0.0.1", False, True),
    ("::1", False, True),
    ("::ffff:127.0.0.1", False, True),
    ("64:ff9b::7f00:1", False, True),
    ("2002:7f00:1::", False, True),
    ("10.1.2.3", False, True),
    ("192.168.0.1", False, True),
    ("fd00::1", False, True),
    ("169.254.169.254", False, False),
    ("::ffff:169.254.169.254", False, False),
    ("fe80::1", False, False),
    ("224.0.0.1", False, False),
    ("ff02::1", False, False),
    ("0.0.0.0", False, False),
    ("::", False, False),
    ("100.64.0.1", False, False),
]


@pytest.mark.parametrize(("text", "public", "ours"), ADDRESSES, ids=[row[0] for row in ADDRESSES])
def test_addresses_are_told_apart(text: str, public: bool, ours: bool) -> None:
    address = ip_address(text)
    assert (is_public(address), is_ours(address)) == (public, ours)
