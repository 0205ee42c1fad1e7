"""The provider every test starts with: an empty book and short delays."""

from collections.abc import AsyncIterator

import pytest
from local_runtime.simulators.faults import ProviderFaults

from tests.unit.simulators.clients import Client, a_provider


@pytest.fixture
async def provider() -> AsyncIterator[Client]:
    async with a_provider(faults=ProviderFaults(late_s=0.3, slow_s=0.2, seed=1)) as client:
        yield client
