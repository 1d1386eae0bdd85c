"""Collector, alerts and dashboards look at services, metrics and containers that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from chassis import metrics
from chassis.settings import SERVICES
from deploy.tests.composition import ROOT, services

pytestmark = pytest.mark.unit

OTEL = ROOT / "deploy" / "otel"
NAMES = {
    f"{family.name}{suffix}"
    for family in REGISTRY.collect()
    for suffix in {"gauge": ("",), "counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(
        family.type, ()
    )
}
RULES = [
    rule
    for group in yaml.safe_load((OTEL / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((OTEL / "dashboards" / "sportello.json").read_text(encoding="utf-8"))


def collector() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((OTEL / "collector.yaml").read_text(encoding="utf-8"))
    return found


def unknown_metrics(expression: str) -> set[str]:
    return set(re.findall(r"\bsportello_\w+", expression)) - NAMES


def targets(kind: str) -> list[dict[str, Any]]:
    return [t for panel in DASHBOARD["panels"] for t in panel["targets"] if t["datasource"]["type"] == kind]


def test_every_service_is_asked_for_its_metrics() -> None:
    jobs = collector()["receivers"]["prometheus"]["config"]["scrape_configs"]

    assert {job["job_name"]: (job["metrics_path"], job["static_configs"][0]["targets"]) for job in jobs} == {
        name: (f"/{name}/metrics", [f"{name}:8100"]) for name in SERVICES
    }


def test_every_part_of_a_pipeline_is_defined_and_every_definition_is_used() -> None:
    document = collector()
    pipelines = document["service"]["pipelines"]

    assert set(pipelines) == {"traces", "metrics", "logs"}
    for kind in ("receivers", "processors", "exporters"):
        used = {part for pipeline in pipelines.values() for part in pipeline[kind]}
        assert used == set(document[kind])


def test_services_send_to_where_the_collector_listens() -> None:
    endpoint = collector()["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    port = endpoint.rsplit(":", 1)[1]
    assert {services()[name]["environment"]["SPORTELLO_OTLP_ENDPOINT"] for name in SERVICES} == {
        f"http://collector:{port}"
    }


def test_logs_are_sent_to_where_the_collector_listens() -> None:
    port = collector()["receivers"]["fluentforward"]["endpoint"].rsplit(":", 1)[1]
    for name in SERVICES:
        options = services()[name]["logging"]["options"]
        assert options["fluentd-address"] == f"127.0.0.1:{port}"
        assert options["fluentd-async"] == "true", "a service must start while the collector is away"
    assert f"127.0.0.1:{port}:{port}" in services()["collector"]["ports"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_stands_on_metrics_that_exist_and_names_its_page(rule: dict[str, Any]) -> None:
    assert unknown_metrics(rule["expr"]) == set()
    page, _, place = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert place in {heading.lower().replace(" ", "-") for heading in headings}


def test_what_must_wake_somebody_does() -> None:
    watched = " ".join(rule["expr"] for rule in RULES)
    for metric in (
        metrics.outbox_oldest_age, metrics.consumer_halted, metrics.dead_letters, metrics.consumer_lag, metrics.ready
    ):  # fmt: skip
        assert metric.describe()[0].name in watched


def test_a_renamed_metric_would_be_noticed() -> None:
    assert unknown_metrics("sportello_outbox_age > 1") == {"sportello_outbox_age"}


def test_dashboards_show_traces_metrics_and_logs() -> None:
    assert targets("tempo")
    assert targets("loki")
    assert [t["expr"] for t in targets("prometheus") if unknown_metrics(t["expr"])] == []


def test_what_is_mounted_is_what_is_configured() -> None:
    mounts = dict(volume.split(":")[:2] for volume in services()["dashboards"]["volumes"] if volume.startswith("./"))
    inside = set(mounts.values())
    prometheus = yaml.safe_load((OTEL / "prometheus.yaml").read_text(encoding="utf-8"))
    provider = yaml.safe_load((OTEL / "grafana-dashboards.yaml").read_text(encoding="utf-8"))["providers"][0]

    assert set(prometheus["rule_files"]) <= inside
    assert provider["options"]["path"] in inside
    home = Path(services()["dashboards"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) in inside
    assert (OTEL / "dashboards" / home.name).is_file()
