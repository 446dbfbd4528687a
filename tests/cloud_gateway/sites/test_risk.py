"""What insurance knows of a site: by the API, and as matching and ranking read it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.model import Vulnerability
from cloud_gateway.exposures.store_sites import (
    FIVE_YEARS_MS,
    Claim,
    Risk,
    Standing,
    find_risk,
    list_places,
    places_mark,
    put_claims,
    put_risk,
    standings,
)
from cloud_gateway.sites.store import Site, find_site
from cloud_gateway.staff.roles import Role
from tests.cloud_gateway.conftest import Console

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOW = 1_790_000_000_000
RING = [[121.5, 31.2], [121.6, 31.2], [121.6, 31.3], [121.5, 31.2]]
FACTS = {
    "outline": {"type": "Polygon", "coordinates": [RING]},
    "geocodes": [{"scheme": "adcode", "code": "310115"}],
    "insured_minor": 1_250_000_000,
    "currency": "CNY",
    "water_sensitive": True,
    "low_ground": True,
    "poor_drainage": False,
    "open_rectifications": 2,
}


@pytest_asyncio.fixture(loop_scope="session")
async def client(shared: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with shared.client(Role.RISK_ENGINEER.value) as signed_in:
        signed_in.base_url = httpx.URL(f"{shared.origin}/api/v1")
        yield signed_in


@pytest_asyncio.fixture(loop_scope="session")
async def site(shared: Console, client: httpx.AsyncClient, device: str) -> Site:
    """A site of this test alone."""
    entry = {"code": device, "name": "Yard", "name_zh": "堆场", "latitude": 31.25, "longitude": 121.55}
    assert (await client.post("/sites", json=entry | {"zone": "Asia/Shanghai"})).status_code == 201
    async with reading(shared.engine) as connection:
        found = await find_site(connection, device)
    assert found is not None
    return found


async def test_facts_are_put_and_read(shared: Console, client: httpx.AsyncClient, site: Site) -> None:
    before = (await client.get(f"/sites/{site.code}/risk")).json()
    assert (before["outline"], before["insured_minor"], before["geocodes"]) == (None, 0, [])
    assert (await client.put(f"/sites/{site.code}/risk", json=FACTS)).status_code == 204
    assert (await client.get(f"/sites/{site.code}/risk")).json() == FACTS
    async with reading(shared.engine) as connection:
        (place,) = [p for p in await list_places(connection, NOW) if p.site == site.id]
    assert place.outline == (((31.2, 121.5), (31.2, 121.6), (31.3, 121.6), (31.2, 121.5)),)
    assert place.geocodes == (("adcode", "310115"),)


async def test_same_facts_again_change_nothing(shared: Console, client: httpx.AsyncClient, site: Site) -> None:
    async def mark() -> tuple[int, ...]:
        async with reading(shared.engine) as connection:
            return await places_mark(connection, NOW)

    await client.put(f"/sites/{site.code}/risk", json=FACTS)
    first = await mark()
    await client.put(f"/sites/{site.code}/risk", json=FACTS)
    assert await mark() == first
    await client.put(f"/sites/{site.code}/risk", json=FACTS | {"low_ground": False})
    assert await mark() != first


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"outline": {"type": "LineString", "coordinates": RING}}, "outline"),
        ({"outline": {"type": "Polygon", "coordinates": [[[121.5, 131.2], *RING[1:]]]}}, "outline"),
        ({"outline": {"type": "Polygon", "coordinates": [RING[:2]]}}, "outline"),
        ({"insured_minor": -1}, "insured_minor"),
        ({"currency": "yuan"}, "currency"),
        ({"geocodes": [{"scheme": "", "code": "1"}]}, "geocodes.0.scheme"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=["no surface", "off the Earth", "two corners", "negative", "currency", "scheme", "unknown"],
)
async def test_wrong_facts_are_named(
    client: httpx.AsyncClient, site: Site, wrong: dict[str, object], field: str
) -> None:
    answer = await client.put(f"/sites/{site.code}/risk", json=FACTS | wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_unknown_site_is_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sites/nowhere/risk")).json()["code"] == "no_site"
    assert (await client.put("/sites/nowhere/risk", json=FACTS)).json()["code"] == "no_site"


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.OPERATIONS, Role.INSPECTOR])
async def test_other_roles_change_no_insurance_facts(shared: Console, site: Site, role: Role) -> None:
    async with shared.client(role.value) as other:
        answer = await other.put(f"/api/v1/sites/{site.code}/risk", json=FACTS)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_may_not")
        assert (await other.get(f"/api/v1/sites/{site.code}/risk")).status_code == 200


async def test_claims_of_this_hazard_in_five_years_count(
    shared: Console, client: httpx.AsyncClient, site: Site
) -> None:
    await client.put(f"/sites/{site.code}/risk", json=FACTS)
    claims = [
        Claim(f"{site.code}-1", site.id, "rainstorm", NOW - 86_400_000, 5_000_000),
        Claim(f"{site.code}-2", site.id, "flood", NOW - 2 * 86_400_000, 5_000_000),
        Claim(f"{site.code}-3", site.id, "hail", NOW - 86_400_000, 5_000_000),
        Claim(f"{site.code}-4", site.id, "flood", NOW - FIVE_YEARS_MS, 5_000_000),
        Claim(f"{site.code}-5", site.id, "flood", NOW + 1, 5_000_000),
    ]
    async with transaction(shared.engine) as connection:
        await put_claims(connection, claims)
        await put_claims(connection, claims)
        found = await standings(connection, [site.id, "none"], ["flood", "rainstorm"], NOW)
    assert found == {
        site.id: Standing(Vulnerability(2, True, True, False, 2, 10_000_000), 1_250_000_000, "CNY"),
        "none": Standing(Vulnerability(), 0, "CNY"),
    }


async def test_two_changes_of_one_millisecond_are_both_seen(shared: Console, site: Site) -> None:
    async with transaction(shared.engine) as connection:
        assert await find_risk(connection, site.id) is None
        marks = []
        for value in (True, False):
            await put_risk(connection, site.id, Risk(low_ground=value), NOW)
            marks.append(await places_mark(connection, NOW))
    assert marks[0] != marks[1]
