# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How sensors wait: by poking, or in the triggerer, where they begin without a worker if they can.

What a sensor waits for is its trigger's condition, in each mode. It never cancels anything:
somebody else started what it waits for.

Where the wait begins in the triggerer, Airflow renders the trigger's parameters there, with less at
hand than on a worker (Airflow 3.3.2): no macros or filters of the Dag's own, no native rendering,
and whatever asks for something that a triggerer is not told, such as ``ti.xcom_pull`` without an
index, waits for ever. So only what is known to work goes that way; a sensor with anything else
begins on a worker, and then defers.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import jinja2
from airflow.sdk import BaseSensorOperator
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferralError,
)
from airflow.triggers.base import StartTriggerArgs
from jinja2 import meta

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.flows.conditions import ConditionLog, Failed, NotYet, ask_once
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.text import format_duration
from airflow_spanner_lro.execution.bounds import ShownOnPages
from airflow_spanner_lro.hooks.lazy import HookOnDemand
from airflow_spanner_lro.links import written_once
from airflow_spanner_lro.triggers.conditions import XCOM, SpannerConditionTrigger, map_sensor_errors

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow_spanner_lro.core.flows.conditions import Condition, Verdict
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


_NAMES = frozenset(
    {
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "logical_date",
        "macros",
        "params",
        "run_id",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
    }
)
"""What a template may use: values of the run, which are sent along."""
_TIMED_OUT = "Sensor has timed out"
"""How the reason begins for which Airflow skips a soft sensor."""
_FILTERS = ("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")
"""What Airflow adds to Jinja's own filters."""


class NeedsWorkerError(Exception):
    """A parameter has to be rendered on a worker."""


def to_primitives(value: Any) -> Any:
    """Return a rendered value as primitives; one that cannot be is left for the checks to refuse.

    Moments and durations become ISO 8601 text, and all sequences lists.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{round(value.total_seconds())}S"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_primitives(each) for each in value]
    return value


def unrendered_argument(value: Any, *, sensor: BaseOperator) -> Any:
    """Return a value as its author wrote it, as primitives that a trigger can render.

    :raises NeedsWorkerError: if the triggerer could not
    """
    if isinstance(value, PlainXComArg):
        upstream = value.operator
        if upstream.is_mapped or upstream.get_closest_mapped_task_group():
            raise NeedsWorkerError
        return {XCOM: [upstream.task_id, value.key]}
    if isinstance(value, list | tuple):
        return [unrendered_argument(each, sensor=sensor) for each in value]
    if isinstance(value, str):
        if not _renders(value, sensor=sensor):
            raise NeedsWorkerError
        return value
    if value is None or isinstance(value, int | float | datetime | timedelta):
        return to_primitives(value)
    raise NeedsWorkerError


def _renders(text: str, *, sensor: BaseOperator) -> bool:
    """Tell whether a text means the same in the triggerer as on a worker."""
    if not any(opening in text for opening in ("{{", "{%", "{#")):
        return True
    if "{%" in text or "{#" in text or _has_own_jinja(sensor):
        return False
    environment = jinja2.Environment()  # noqa: S701  # only looks, never renders
    environment.filters.update(dict.fromkeys(_FILTERS, str))
    try:
        names = meta.find_undeclared_variables(environment.parse(text))
    except jinja2.TemplateSyntaxError:
        # also a filter that is missing; what is wrong with it a worker says
        return False
    return names <= _NAMES


def _has_own_jinja(sensor: BaseOperator) -> bool:
    """Tell whether the Dag renders in ways of its own, or is not known yet."""
    if not sensor.has_dag():
        return True
    own: Mapping[str, Any] | None = sensor.dag.jinja_environment_kwargs
    native = sensor.render_template_as_native_obj
    return bool(own or (sensor.dag.render_template_as_native_obj if native is None else native))


class SpannerSensor(ShownOnPages, BaseSensorOperator, HookOnDemand):
    """Wait until something is so in Spanner.

    With ``deferrable=True`` it waits in the triggerer, and begins there: it needs a worker for a
    moment only, when the wait is over. Where its parameters cannot be rendered there, or it is
    mapped, it polls once on a worker and then defers.

    :param deferrable: wait in the triggerer instead of poking
    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them

    Also accepts the parameters of :class:`~airflow.sdk.BaseSensorOperator`.
    """

    template_fields: Sequence[str] = ("gcp_conn_id", "impersonation_chain")
    ui_color = "#e8f0fc"
    trigger_type: ClassVar[type[SpannerConditionTrigger]]

    def __init__(
        self,
        *,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self._next: Condition | None = None

    def _begin_in_triggerer(self) -> None:
        """Ask Airflow to start this task in the triggerer, if it can be. Ends each constructor."""
        # a timeout of 0 means none there, and in a mapped group the index is not known to triggers
        if not self.deferrable or not self.timeout or self.get_closest_mapped_task_group():
            return
        names = set(self.trigger_type.parameters()) & set(self.template_fields)
        names |= {"gcp_conn_id", "impersonation_chain"}
        try:
            # a worker says what is wrong with it
            self._require_interval()
            arguments = {
                name: unrendered_argument(getattr(self, name), sensor=self)
                for name in sorted(names)
            }
        except (NeedsWorkerError, InvalidArgumentError):
            return
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{self.trigger_type.__module__}.{self.trigger_type.__qualname__}",
            # no worker has decided where to ask
            trigger_kwargs=arguments
            | {
                "endpoint": None,
                "poll_interval": self.poke_interval,
                "silent_fail": self.silent_fail,
            },
            next_method="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
        self.start_from_trigger = True

    def _require_interval(self) -> None:
        """Refuse to poll more often, or more rarely, than any operator does.

        :raises InvalidArgumentError: if the interval is none
        """
        try:
            PollPolicy(maximum=self.poke_interval)
        except InvalidArgumentError as exc:
            field = "poke_interval"
            raise InvalidArgumentError(field=field, value=exc.value, rule=exc.rule) from None

    @cached_property
    def _condition_log(self) -> ConditionLog:
        return ConditionLog()

    def trigger_arguments(self, context: Context) -> dict[str, Any]:  # noqa: ARG002  # for others
        """Return the trigger's parameters, from those of this sensor as they were rendered."""
        return {name: to_primitives(getattr(self, name)) for name in self._parameters}

    @property
    def _parameters(self) -> list[str]:
        return [name for name in self.trigger_type.parameters() if name in self.template_fields]

    def _trigger(self, context: Context) -> SpannerConditionTrigger:
        return self.trigger_type.from_connection(
            self.hook.connection_spec,
            poll_interval=self.poke_interval,
            silent_fail=self.silent_fail,
            **self.trigger_arguments(context),
        )

    def bounded_by(self, started: datetime | None) -> Mapping[str, str]:  # noqa: ARG002  # the first poll
        """Return what bounds the task, in words: until when, how often, and what then."""
        return {
            "deadline": f"{format_duration(self.timeout)} after its first poll (timeout)",
            "waits": "in the triggerer" if self.deferrable else "on a worker",
            "polls": f"at least every {format_duration(self.poke_interval)}",
            "on kill": "nothing is cancelled: others have started what it waits for",
        }

    def execute(self, context: Context) -> Any:
        """Poke, or poke once and then wait in the triggerer."""
        # mistakes of whoever set this up: they skip no soft sensor
        with map_sensor_errors():
            settings.check()
            self._require_interval()
        with written_once(self):
            if not self.deferrable:
                return self._poke_until_met(context)
            return self._poke_or_defer(context)

    def _poke_or_defer(self, context: Context) -> Any:
        if found := self._poke_once(context):
            return found.xcom_value
        self.defer(
            trigger=self._trigger(context),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
        return None  # never: the line before raises

    def _poke_until_met(self, context: Context) -> Any:
        """Poke as Airflow does; who has waited in vain says what was seen last."""
        try:
            return super().execute(context)
        except AirflowSensorTimeout as exc:
            raise AirflowSensorTimeout(self._in_vain) from exc
        except AirflowSkipException as exc:
            # a soft sensor that is out of time; other skips have a cause (Airflow 3.3.2)
            if exc.__cause__ is not None or not str(exc).startswith(_TIMED_OUT):
                raise
            raise AirflowSkipException(self._in_vain) from exc

    @property
    def _in_vain(self) -> str:
        waited = f"Waited in vain for {format_duration(self.timeout)} (timeout)."
        return f"{waited} Last seen: {self._condition_log.last_seen}"

    def _poke_once(self, context: Context) -> PokeReturnValue:
        """Poke, and treat errors as Airflow does where it pokes itself, or resumes a task."""
        try:
            return self.poke(context)
        except AirflowFailException as exc:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(exc)) from exc
            raise
        except Exception as exc:
            if self.silent_fail:
                self.log.error("Sensor poke failed: \n %s", traceback.format_exc())  # noqa: TRY400
                return PokeReturnValue(is_done=False)
            if self.never_fail:
                raise AirflowSkipException(str(exc)) from exc
            raise

    def execute_complete(self, context: Context, event: Any) -> Any:
        """Go on when the trigger has fired; returns what a poke would.

        An event in the form of another release decides nothing: what it waits for is asked again.
        """
        if not isinstance(event, Mapping) or not {"error", "facts"} <= event.keys():
            self.log.info("Polling once more: the trigger was of another release.")
            return self._poke_or_defer(context)
        if event["error"] is not None:
            raise AirflowFailException(event["error"])
        return event["facts"]

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after a deferral; an error that a retry may cure skips no soft sensor.

        As where it pokes: Airflow itself would skip it then (Airflow 3.3.2).
        """
        try:
            with written_once(self, resumed=True):
                return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSensorTimeout as exc:
            self._look_again(context)
            raise AirflowSensorTimeout(self._in_vain) from exc
        except AirflowSkipException as exc:
            if isinstance(exc.__cause__, TaskDeferralError) and not self.never_fail:
                raise exc.__cause__ from None
            if not isinstance(exc.__cause__, AirflowSensorTimeout):
                raise
            self._look_again(context)
            raise AirflowSkipException(self._in_vain) from exc

    def _look_again(self, context: Context) -> None:
        """See for the last time what the trigger has seen, which has not told this process."""
        try:
            self._ask(context)
        except Exception as exc:  # noqa: BLE001  # that the time is over is what counts
            self._condition_log.lines(Failed(error=exc), now=datetime.now(tz=UTC))

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll once; what it returns is true, and holds the facts, when the condition is met."""
        with map_sensor_errors():
            verdict = self._ask(context)
            if isinstance(verdict, Failed):
                raise verdict.error
        if isinstance(verdict, NotYet):
            self._next = verdict.condition
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=verdict.facts)

    def _ask(self, context: Context) -> Verdict:
        # loads gRPC
        from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415
        from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

        verdict = run(
            ask_once(self._next or self._trigger(context).condition()),
            client=self.hook.client,
            clock=StoppableClock(),
            on_snapshot=self._log_changes,
        )
        self._log_changes(verdict)
        return verdict

    def _log_changes(self, answer: OperationSnapshot | Exception | Verdict) -> None:
        for line in self._condition_log.lines(answer, now=datetime.now(tz=UTC)):
            self.log.info(line)


class SpannerInstanceSensor(SpannerSensor):
    """Wait until something is so in an instance.

    :param instance_id: the instance
    :param project_id: Google Cloud project; by default the connection's

    Also accepts the parameters of :class:`SpannerSensor`.
    """

    template_fields: Sequence[str] = (*SpannerSensor.template_fields, "instance_id", "project_id")

    def __init__(self, *, instance_id: str, project_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.project_id = project_id

    def trigger_arguments(self, context: Context) -> dict[str, Any]:
        """Return the trigger's parameters, with the project that this worker finds."""
        project = self.project_id or self.hook.project_id
        return super().trigger_arguments(context) | {"project_id": project}
