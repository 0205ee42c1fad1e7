"""The broker of this folder's tests: it costs three seconds, and goes with the last of them."""

from collections.abc import AsyncIterator

import pytest

from tests.support.partner_cluster import World, a_world_of_partners


@pytest.fixture(scope="package")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with a_world_of_partners(tmp_path_factory.mktemp("partners-kafka")) as world:
        yield world
