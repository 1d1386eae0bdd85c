"""Headers that make a CloudEvent, and headers that do not: each refusal names the header."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import MAX_BYTES, REQUIRED, Envelope, EnvelopeError
from contracts.tests.strategies import instants

pytestmark = pytest.mark.unit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope(
    id="EDU-2022-000317", source="/departments/education", type="a.v1", city="c_f205", time=NOON, subject="x",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)
envelopes = st.builds(
    Envelope,
    id=texts,
    source=texts,
    type=texts,
    city=texts,
    time=instants,
    **{
        name: texts | st.none()
        for name in ("subject", "dataschema", "correlationid", "causationid", "traceparent", "tracestate")
    },
)


def headers(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of ENVELOPE, some replaced; names with ``_`` after the prefix as they are."""
    return list({**dict(ENVELOPE.to_headers()), **changes}.items())


@given(envelopes)
def test_an_envelope_survives_its_headers(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.to_headers()) == envelope


@given(envelopes, st.lists(st.tuples(texts.map(lambda name: f"x-{name}"), st.none() | st.binary()), max_size=4))
def test_headers_of_others_do_not_matter_whatever_they_hold(
    envelope: Envelope, foreign: list[tuple[str, bytes | None]]
) -> None:
    assert Envelope.from_headers([*foreign, *envelope.to_headers(), *foreign]) == envelope


@given(st.lists(st.tuples(st.sampled_from([name for name, _ in headers()]), st.none() | st.binary()), max_size=12))
def test_no_headers_at_all_can_do_more_than_be_refused(noise: list[tuple[str, bytes | None]]) -> None:
    with suppress(EnvelopeError):
        assert Envelope.from_headers(noise, received_at=NOON).id


@pytest.mark.parametrize("attribute", REQUIRED)
@pytest.mark.parametrize("value", [None, b""])
def test_a_required_attribute_that_is_null_or_empty_is_missing(attribute: str, value: bytes | None) -> None:
    with pytest.raises(EnvelopeError, match="is missing") as refusal:
        Envelope.from_headers(headers(**{f"ce_{attribute}": value}))
    assert refusal.value.attribute == f"ce_{attribute}"


@pytest.mark.parametrize("name", ["subject", "dataschema", "correlationid", "causationid"])
def test_an_optional_attribute_may_be_null(name: str) -> None:
    envelope = Envelope.from_headers(headers(**{f"ce_{name}": None}))

    assert getattr(envelope, name) is None


@pytest.mark.parametrize("name", ["ce_id", "ce_subject", "ce_anything", "traceparent", "content-type"])
def test_a_header_that_is_not_utf8_is_named(name: str) -> None:
    with pytest.raises(EnvelopeError, match="not UTF-8") as refusal:
        Envelope.from_headers(headers(**{name: b"\xff\xfe"}))
    assert refusal.value.attribute == name


@pytest.mark.parametrize("name", ["ce_id", "ce_city", "ce_time", "ce_correlationid", "tracestate"])
def test_a_header_with_a_nul_is_named_and_the_nul_is_not_repeated(name: str) -> None:
    with pytest.raises(EnvelopeError, match="NUL") as refusal:
        Envelope.from_headers(headers(**{name: b"a\x00b"}))
    assert refusal.value.attribute == name
    assert "\x00" not in str(refusal.value)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_city"])
def test_what_identifies_an_event_fits_into_an_index(name: str) -> None:
    assert Envelope.from_headers(headers(**{name: b"a" * MAX_BYTES}))
    with pytest.raises(EnvelopeError, match="longer than"):
        Envelope.from_headers(headers(**{name: b"a" * (MAX_BYTES + 1)}))


@pytest.mark.parametrize("media_type", [b"application/cloudevents+json", b"text/plain", b"application/jsonx", b""])
def test_only_binary_mode_json_is_read(media_type: bytes) -> None:
    with pytest.raises(EnvelopeError, match="content-type"):
        Envelope.from_headers(headers(**{"content-type": media_type}))


@pytest.mark.parametrize("media_type", [None, b"application/json; charset=utf-8"])
def test_json_by_default_and_with_parameters(media_type: bytes | None) -> None:
    assert Envelope.from_headers(headers(**{"content-type": media_type})) == ENVELOPE


def test_another_version_of_cloudevents_is_refused() -> None:
    with pytest.raises(EnvelopeError, match=r"'0\.3' is not 1\.0"):
        Envelope.from_headers(headers(ce_specversion=b"0.3"))


@pytest.mark.parametrize("time", [b"yesterday", b"2026-01-01T12:00:00", b"2026-01-01", b"1767268800"])
def test_a_time_that_is_not_rfc_3339_is_refused(time: bytes) -> None:
    with pytest.raises(EnvelopeError, match="ce_time"):
        Envelope.from_headers(headers(ce_time=time))


def test_the_time_of_arrival_stands_in_for_a_missing_time() -> None:
    assert Envelope.from_headers(headers(ce_time=None), received_at=NOON).time == NOON
    with pytest.raises(EnvelopeError, match="ce_time: is missing"):
        Envelope.from_headers(headers(ce_time=None))


def test_a_relayed_event_keeps_all_but_the_trace() -> None:
    seen = ENVELOPE.with_trace("00-0-1-00", None)

    assert seen.traceparent == "00-0-1-00"
    assert seen.with_trace(ENVELOPE.traceparent, None) == ENVELOPE
