# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The async hook: how it connects, shares, and closes. Its verbs are in ``test_hook_verbs.py``."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from tests.airflow.fakes import DATABASE

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Return a list of the threads that read the connection."""
    threads: list[threading.Thread] = []
    connect = SpannerAdminHook.connect

    def noted(hook: SpannerAdminHook) -> Any:
        threads.append(threading.current_thread())
        return connect(hook)

    monkeypatch.setattr(SpannerAdminHook, "connect", noted)
    return threads


async def test_many_calls_share_one_client(stage: Stage, connects: list[threading.Thread]) -> None:
    """However many calls are made at once, the connection is read once, and not in the loop."""
    async with SpannerAdminAsyncHook() as hook:
        lists = await asyncio.gather(*(hook.list_operations(resource=DATABASE) for _ in range(20)))

    assert [[]] * 20 == lists
    assert 20 == len(stage.emulator.calls)
    assert 1 == len(connects)
    assert connects[0] is not threading.main_thread()


async def test_leaving_closes(stage: Stage) -> None:
    """The channels are closed at the end, also when something was raised before it."""

    async def use(hook: SpannerAdminAsyncHook) -> None:
        async with hook:
            await hook.list_operations(resource=DATABASE)
            client = (await hook.get_client()).channels.client(Service.DATABASE_ADMIN)
            channels.append(client.transport.grpc_channel)
            raise ZeroDivisionError

    channels: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        await use(SpannerAdminAsyncHook())

    assert [True] == [channel._channel.closed() for channel in channels]
    assert stage.emulator.calls


async def test_close_may_be_repeated(stage: Stage) -> None:
    """A hook that did not connect, or is closed, can be closed; the next call connects again."""
    hook = SpannerAdminAsyncHook()
    await hook.close()
    await hook.list_operations(resource=DATABASE)
    await hook.close()
    await hook.close()

    assert [] == await hook.list_operations(resource=DATABASE)
    assert 2 == len(stage.emulator.calls)
    await hook.close()


def test_one_loop_after_the_other(stage: Stage) -> None:
    """Each task has an event loop of its own, in which a closed hook connects anew."""
    hook = SpannerAdminAsyncHook()

    async def look() -> list[Any]:
        async with hook:
            looks = (hook.list_operations(resource=DATABASE) for _ in range(3))
            return list(await asyncio.gather(*looks))

    assert [[[]] * 3] * 2 == [asyncio.run(look()), asyncio.run(look())]
    assert 6 == len(stage.emulator.calls)


async def test_a_failed_connect_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is not there raises, and is looked for again by the next call."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    hook = SpannerAdminAsyncHook(gcp_conn_id="nowhere")
    with pytest.raises(UnusableConnectionError, match="airflow connections add nowhere"):
        await hook.list_operations(resource=DATABASE)
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", stage.emulator.endpoint)

    async with hook:
        assert [] == await hook.list_operations(resource=DATABASE)


async def test_one_caller_that_goes_away_leaves_the_others(stage: Stage) -> None:
    """Cancelling a call while it connects does not harm another one."""
    async with SpannerAdminAsyncHook() as hook:
        first = asyncio.create_task(hook.list_operations(resource=DATABASE))
        second = asyncio.create_task(hook.list_operations(resource=DATABASE))
        await asyncio.sleep(0)
        first.cancel()

        assert [] == await second
        assert first.cancelled()
    assert stage.emulator.calls


async def test_the_endpoint_of_the_argument(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint can be given, as to the sync hook."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "127.0.0.1:1")

    async with SpannerAdminAsyncHook(endpoint=f"http://{stage.emulator.endpoint}") as hook:
        listed = await hook.list_operations(resource=DATABASE)

    assert [] == listed


async def test_another_event_loop_connects_anew(
    stage: Stage, connects: list[threading.Thread]
) -> None:
    """A hook that was kept, such as in a module, works in each loop that uses it."""
    hook = SpannerAdminAsyncHook()

    def elsewhere() -> Any:
        return asyncio.run(hook.list_operations(resource=DATABASE))

    here = await hook.list_operations(resource=DATABASE)
    there = await asyncio.to_thread(elsewhere)
    again = await hook.list_operations(resource=DATABASE)
    await hook.close()

    assert [[], [], []] == [here, there, again]
    assert 3 == len(connects) == len(stage.emulator.calls)


@pytest.mark.parametrize("chain", [None, "a@x", ["a@x", "b@x"]], ids=str)
async def test_whom_to_impersonate(chain: Any) -> None:
    """An account, a chain of them or none reach the sync hook."""
    hook = SpannerAdminAsyncHook(impersonation_chain=chain)

    assert ([chain] if isinstance(chain, str) else chain or []) == list(
        hook._connection_spec.impersonation_chain
    )


@pytest.mark.slow
def test_import_loads_neither_library() -> None:
    """An async task imports the hook in its event loop, so that must not take seconds."""
    program = "import sys, airflow_spanner_lro.hooks.spanner_admin_async; print(*sys.modules)"

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = done.stdout.splitlines()[-1].split()
    assert not {"grpc", "google.api_core", "airflow.providers.google.common"} & set(loaded)
