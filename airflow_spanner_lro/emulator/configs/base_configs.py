# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The instance configurations that Google manages, as a table: every project has all of them.

Source: the page on instance configurations and what ``gcloud spanner instance-configs list`` shows.
Left out are those that need an invitation, and those whose regions are published nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Places: TypeAlias = "Mapping[str, int]"
"""How many replicas there are in each location."""


class ConfigTopology(IntEnum):
    """From where a write gets its votes, with the numbers of ``InstanceConfig.QuorumType``."""

    REGION = 1
    DUAL_REGION = 2
    MULTI_REGION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConfig:
    """A configuration that Google manages.

    :param writers: where the read-write replicas are, the default leader first
    :param readers: where the read-only replicas are
    :param witnesses: where the witness replicas are
    :param optional: where configurations made from this one may have more read-only replicas
    :param free: whether free instances can be made in it
    """

    display_name: str
    topology: ConfigTopology
    writers: Places
    readers: Places = field(default_factory=dict)
    witnesses: Places = field(default_factory=dict)
    optional: Places = field(default_factory=dict)
    free: bool = False

    @property
    def leaders(self) -> tuple[str, ...]:
        """The regions that may lead; with one region there is no choice, and none is told."""
        return () if self.topology is ConfigTopology.REGION else tuple(self.writers)


def _places(text: str) -> Places:
    """Read ``us-east4*2 us-east1``: two replicas in the first region, one in the second."""
    pairs = (each.partition("*") for each in text.split())
    return {region: int(count or 1) for region, _, count in pairs}


def _regional(region: str, *, optional: str = "", free: bool = True) -> BaseConfig:
    return BaseConfig(
        display_name=region,
        topology=ConfigTopology.REGION,
        writers={region: 3},
        optional=_places(optional),
        free=free,
    )


def _dual(display_name: str, regions: tuple[str, str]) -> BaseConfig:
    return BaseConfig(
        display_name=display_name,
        topology=ConfigTopology.DUAL_REGION,
        writers=dict.fromkeys(regions, 2),
        witnesses=dict.fromkeys(regions, 1),
    )


def _multi(
    display_name: str, leader: str, second: str, *, witness: str, readers: str = "", also: str = ""
) -> BaseConfig:
    return BaseConfig(
        display_name=display_name,
        topology=ConfigTopology.MULTI_REGION,
        writers={leader: 2, second: 2},
        readers=_places(readers),
        witnesses=_places(witness),
        optional=_places(also),
    )


_REGIONS = """
    africa-south1
    asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
    asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2
    europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10
    europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9
    me-central1 me-central2 me-west1
    northamerica-northeast1 northamerica-northeast2 northamerica-south1
    southamerica-east1 southamerica-west1
    us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
"""

_REGIONAL_OPTIONS = {
    "europe-west1": "us-central1 us-west1",
    "us-central1": "asia-northeast1 asia-south1 europe-west2 europe-west9 us-west3",
    "us-east1": "us-central1 us-west1 europe-west1 europe-west3",
}

_NOT_FREE = ("asia-southeast3", "europe-north2")

_DUAL_REGIONS: Mapping[str, tuple[str, str]] = {
    "dual-region-australia1": ("australia-southeast1", "australia-southeast2"),
    "dual-region-canada1": ("northamerica-northeast2", "northamerica-northeast1"),
    "dual-region-germany1": ("europe-west10", "europe-west3"),
    "dual-region-india1": ("asia-south1", "asia-south2"),
    "dual-region-japan1": ("asia-northeast1", "asia-northeast2"),
}
"""The regions of each dual-region configuration, the default leader first."""

_DUAL_NAMES = {
    "dual-region-australia1": "Australia Dual Region",
    "dual-region-canada1": "Canada Dual Region",
    "dual-region-germany1": "Germany Dual Region",
    "dual-region-india1": "India Dual Region",
    "dual-region-japan1": "Japan Dual Region",
}

_MULTI = {
    "asia1": _multi(
        "Asia (Tokyo/Osaka/Seoul)", "asia-northeast1", "asia-northeast2",
        witness="asia-northeast3", also="us-west1 us-east5",
    ),
    "eur3": _multi(
        "Europe (Belgium/Netherlands)", "europe-west1", "europe-west4",
        witness="europe-north1", also="us-central1 us-east4",
    ),
    "eur5": _multi(
        "Europe (London/Belgium/Netherlands)", "europe-west2", "europe-west1",
        witness="europe-west4", also="us-central1 us-east1",
    ),
    "eur6": _multi(
        "Europe (Netherlands, Frankfurt)", "europe-west4", "europe-west3",
        witness="europe-west6", also="us-east1*2",
    ),
    "eur7": _multi(
        "eur7 (Milan/Frankfurt/Turin)", "europe-west8", "europe-west3", witness="europe-west12",
    ),
    "nam3": _multi(
        "United States (Northern Virginia/South Carolina)", "us-east4", "us-east1",
        witness="us-central1",
        also="us-west2 asia-southeast1 asia-southeast2 europe-west1 europe-west2",
    ),
    "nam6": _multi(
        "United States (Iowa/South Carolina/Oregon/Los Angeles)", "us-central1", "us-east1",
        readers="us-west1 us-west2", witness="us-central2",
    ),
    "nam7": _multi(
        "United States (Iowa, Northern Virginia, Oklahoma)", "us-central1", "us-east4",
        witness="us-central2", also="us-east1*2 us-south1 us-west1 europe-west1*2",
    ),
    "nam8": _multi(
        "United States (Los Angeles, Oregon, Salt Lake City)", "us-west2", "us-west1",
        witness="us-west3", also="asia-southeast1*2 europe-west2*2 us-east5",
    ),
    "nam9": _multi(
        "United States (Northern Virginia, Iowa, South Carolina, Oregon)",
        "us-east4", "us-central1", readers="us-west1*2", witness="us-east1",
    ),
    "nam10": _multi(
        "United States (Iowa/Salt Lake/Oklahoma)", "us-central1", "us-west3",
        witness="us-central2",
    ),
    "nam11": _multi(
        "United States (Iowa, South Carolina, Oklahoma)", "us-central1", "us-east1",
        witness="us-central2", also="us-west1",
    ),
    "nam12": _multi(
        "United States (Iowa, Northern Virginia, Oregon)", "us-central1", "us-east4",
        readers="us-west1*2", witness="us-central2",
    ),
    "nam13": _multi(
        "United States (Iowa/Oklahoma/Salt Lake City)", "us-central2", "us-central1",
        witness="us-west3",
    ),
    "nam14": _multi(
        "North America (Northern Virginia/Montreal/South Carolina)",
        "us-east4", "northamerica-northeast1", witness="us-east1",
    ),
    "nam15": _multi(
        "United States (Dallas/Northern Virginia/Iowa)", "us-south1", "us-east4",
        witness="us-central1",
    ),
    "nam16": _multi(
        "United States (Iowa/Northern Virginia/Columbus)", "us-central1", "us-east4",
        witness="us-east5", also="us-west2*2",
    ),
    "nam-eur-asia1": _multi(
        "United States, Europe, and Asia (Iowa/Oklahoma/Belgium/Taiwan)",
        "us-central1", "us-central2", readers="europe-west1*2 asia-east1*2", witness="us-east1",
        also="us-west2",
    ),
    "nam-eur-asia3": _multi(
        "(Iowa/South Carolina/Belgium/Netherlands/Taiwan/Oklahoma)", "us-central1", "us-east1",
        readers="europe-west1 europe-west4 asia-east1*2", witness="us-central2",
    ),
}  # fmt: skip

_OF_GOOGLES_EMULATOR = BaseConfig(
    display_name="Emulator Instance Config",
    topology=ConfigTopology.REGION,
    writers={"emulator-location": 3},
)

EMULATOR_CONFIG = "emulator-config"
"""The one configuration of Google's emulator, which is nowhere."""

BASE_CONFIGS: Mapping[str, BaseConfig] = {
    EMULATOR_CONFIG: _OF_GOOGLES_EMULATOR,
    **_MULTI,
    **{config: _dual(name, _DUAL_REGIONS[config]) for config, name in _DUAL_NAMES.items()},
    **{
        f"regional-{region}": _regional(
            region, optional=_REGIONAL_OPTIONS.get(region, ""), free=region not in _NOT_FREE
        )
        for region in _REGIONS.split()
    },
}
"""The configurations by id."""

STORAGE_LIMIT_PER_PROCESSING_UNIT = 10 * 2**40 // 1000
"""In bytes: ten TiB a node."""
