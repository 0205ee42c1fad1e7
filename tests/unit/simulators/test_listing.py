"""The provider lists what moved money, in the order of time, page by page."""

from typing import Any

from tests.unit.simulators.clients import Client, a_provider

WINDOW = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}


async def test_every_movement_is_listed_once_in_pages() -> None:
    async with a_provider() as provider:
        for number in range(4):
            await provider.charge(key=f"k{number}")
        await provider.charge("tok_declined", "k_declined")
        charge_id = (await provider.book())[0]["charge_id"]
        await provider.post(f"/v1/charges/{charge_id}/refund", {"amount_minor": 10}, "k_refund")
        pages = await all_pages(provider, limit="2")

    listed = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one["key"] for one in listed] == ["k0", "k1", "k2", "k3", "k_refund"]
    assert (listed[-1]["op"], listed[-1]["charge_id"], listed[-1]["amount_minor"]) == (
        "refund",
        charge_id,
        10,
    )


async def all_pages(provider: Client, **asked: str) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    after: dict[str, str] = {}
    while True:
        answer = await provider.get("/v1/transactions", **WINDOW, **asked, **after)
        pages.append(answer["transactions"])
        if answer["next"] is None:
            return pages
        after = {"after": answer["next"]}


async def test_only_what_was_done_in_the_window_is_listed() -> None:
    async with a_provider() as provider:
        await provider.charge(key="k1")
        await provider.charge(key="k2")
        first, second = [one["at"] for one in await provider.book()]
        both = {"from": first, "to": WINDOW["to"]}
        listed = await provider.get("/v1/transactions", **both)
        one = await provider.get("/v1/transactions", **{"from": first, "to": second})

    assert [line["key"] for line in listed["transactions"]] == ["k1", "k2"]
    assert [line["key"] for line in one["transactions"]] == ["k1"]


async def test_a_window_that_is_none_is_refused() -> None:
    async with a_provider() as provider:
        for wrong in ({"from": "yesterday"}, {"limit": "101"}, {"after": "-1"}, {"more": "1"}):
            answer = await provider.get("/v1/transactions", **{**WINDOW, **wrong})
            assert answer["error"] == "invalid-request"
        assert (await provider.get("/v1/transactions"))["error"] == "invalid-request"
