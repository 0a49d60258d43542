# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the triggers of all sensors share: they wait for a condition, and cancel nothing ever.

Such a trigger may begin without a worker: Airflow then makes it from what a Dag's author wrote, and
has it render the parameters whose names are template fields of the sensor. So it finds out by
itself what a worker would have: the endpoint, the project, and whether the parameters make sense.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import TriggerEvent

from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.flows.watching import WatchNarrator, watch
from airflow_spanner_lro.core.operations.errors import OperationFailedError
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.triggers.base import SpannerTrigger, trigger
from airflow_spanner_lro.triggers.connecting import may_pass
from airflow_spanner_lro.triggers.pollers import LONGEST_PAUSE, NotConnectedError, outwait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import jinja2
    from airflow.sdk import Context

    from airflow_spanner_lro.core.flows.conditions import Condition, Verdict
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

XCOM = "xcom"
"""In a parameter of a trigger: the only key of a mapping that stands for another task's XCom."""


@contextmanager
def failing_as_a_sensor() -> Iterator[None]:
    """Turn errors that no retry can cure into ``AirflowFailException``; let others pass.

    An operation that ended badly is such an error here: a retry starts no other.
    """
    try:
        with failing_for_good():
            yield
    except OperationFailedError as exc:
        raise AirflowFailException(str(exc)) from exc


@trigger
class SpannerConditionTrigger(SpannerTrigger):
    """Ask until a condition is met or cannot be met any more, and fire once.

    :param silent_fail: log an error that a retry may cure, and go on asking

    Also has the fields of :class:`~airflow_spanner_lro.triggers.base.SpannerTrigger`.
    """

    silent_fail: bool = False

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Return the names of the fields that say what to wait for."""
        base = {each.name for each in fields(SpannerTrigger)}
        return tuple(each.name for each in fields(cls) if each.name not in base)

    @abstractmethod
    def condition(self) -> Condition:
        """Return the condition that the parameters describe.

        :raises InvalidArgumentError: if a parameter breaks a rule
        """

    def prepare(self) -> Condition:
        """Return the condition, after finding out what no worker has. May block for seconds."""
        return self.condition()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event: ``facts``, or the ``error`` that no retry can cure.

        Other errors propagate: Airflow then resumes the task with the traceback, and its retries
        apply; unless they are to be silent, as with a sensor that pokes.
        """
        event: dict[str, Any] = {"facts": None, "error": None}
        while True:
            try:
                event["facts"] = await self._wait()
            except AirflowFailException as exc:
                # where a soft sensor is skipped, Airflow does not say why
                self.log.error("The wait cannot go on: %s", exc)  # noqa: TRY400  # no traceback
                event["error"] = str(exc)
            except Exception:
                if not self.silent_fail:
                    raise
                self.log.exception("The look failed; looking again in %g s", self.poll_interval)
                await asyncio.sleep(self.poll_interval)
                continue
            break
        # nothing is awaited after this: Airflow may take the task's new state for a kill
        yield TriggerEvent(event)

    async def _wait(self) -> Any:
        narrator = WatchNarrator()

        def tell(heard: OperationSnapshot | Exception | Verdict) -> None:
            for line in narrator.lines(heard, now=datetime.now(tz=UTC)):
                self.log.info(line)

        with failing_as_a_sensor():
            condition = await outwait(self._prepared, tell=self.log.warning)
            policy = PollPolicy(maximum=self.poll_interval)
            return await self._perform(watch(condition, policy=policy, tell=tell), observe=tell)

    async def _prepared(self) -> Condition:
        try:
            return await asyncio.to_thread(self.prepare)
        except Exception as exc:
            if not may_pass(exc):
                raise
            raise NotConnectedError(self._access, exc, again_in=LONGEST_PAUSE) from exc

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render as Airflow does, and fetch the XComs that stand for themselves.

        An XCom keeps its type, as on a worker. The index is given because without one Airflow asks
        for a whole sequence, to which a triggerer gets no answer ever (Airflow 3.3.2).
        """
        if isinstance(content, Mapping) and XCOM in content:
            task_id, key = content[XCOM]
            return context["ti"].xcom_pull(task_ids=task_id, key=key, map_indexes=None)
        return super().render_template(content, context, jinja_env, seen_oids)
