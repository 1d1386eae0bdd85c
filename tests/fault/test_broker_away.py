"""A broker that goes away and comes back, with a service that goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.toy import Toy
from deploy.local.kafka import KafkaServer, real_kafka_obstacle
from deploy.local.ports import free_ports

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]


async def readiness(service: Any) -> dict[str, Any]:
    async with service.client() as client:
        report: dict[str, Any] = (await client.get("/toy/readyz")).json()
        return report


async def test_commands_are_accepted_while_the_broker_is_away_and_their_effect_follows(
    toy: Toy, settings: Settings, tmp_path: Path
) -> None:
    if real_kafka_obstacle():
        pytest.skip("needs a Kafka of its own to kill")
    toy.answers = False
    kafka = KafkaServer(tmp_path, free_ports(2))
    await asyncio.to_thread(kafka.start)
    try:
        own = settings.model_copy(update={"kafka_bootstrap": kafka.bootstrap})
        async with running(toy.service(own)) as service, service.client() as client:
            kafka.kill()

            async def unready() -> bool:
                return not (await readiness(service))["checks"]["bus"]["ok"]

            await eventually(unready, within=30)
            made = await client.post("/toy/api/v1/stakeholders", params={"name": "Enel"})
            assert made.status_code == 201
            await asyncio.to_thread(kafka.start)

            async def applied_and_ready() -> bool:
                report = await readiness(service)
                assert report["ready"], report
                return toy.handled == ["Enel"]

            await eventually(applied_and_ready, within=90)
    finally:
        await asyncio.to_thread(kafka.kill)
