"""Only the issuer's own, current tokens for us are believed; our own cookies cannot be made or altered by others."""

import asyncio
import base64
import hmac
import json
import string
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from chassis.auth.actor import Actor
from chassis.auth.provider import REFRESH_AFTER, RETRY_PAUSE, UNKNOWN_KEY_PAUSE, Provider, ProviderUnavailable
from chassis.auth.tokens import (
    LEEWAY,
    SESSION_SECONDS,
    Seal,
    Sessions,
    TokenExpired,
    TokenInvalid,
    TokenVerifier,
)

pytestmark = pytest.mark.unit

ISSUER = "https://id.example"
NOW = 1_800_000_000
RSA = RSAKey.generate_key(2048, auto_kid=True)
ELLIPTIC = ECKey.generate_key("P-256", auto_kid=True)


class Issuer:
    """An issuer that can be switched off, and counts how often its keys are fetched."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.fetched = 0
        self.up = True
        self.says_it_is = ISSUER

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if not self.up:
            raise httpx.ConnectError("switched off", request=request)
        if request.url.path == "/jwks":
            self.fetched += 1
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        return httpx.Response(
            200,
            json={
                "issuer": self.says_it_is,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/jwks",
            },
        )


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(RSA, ELLIPTIC)


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def provider(issuer: Issuer, clock: Clock) -> Provider:
    return Provider(ISSUER, clock=clock, http=issuer.client)


@pytest.fixture
def verifier(provider: Provider) -> TokenVerifier:
    return TokenVerifier(provider, "sportello", clock=lambda: NOW)


def token(key: Any = RSA, algorithm: str = "RS256", **changed: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "sportello",
        "sub": "someone",
        "city": "c_f205",
        "roles": ["legal"],
        "exp": NOW + 60,
    } | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (ELLIPTIC, "ES256")])
async def test_a_good_token_names_its_actor(verifier: TokenVerifier, key: Any, algorithm: str) -> None:
    actor = await verifier.access(token(key, algorithm))
    assert actor.subject == "someone"
    assert actor.has("legal")


async def test_an_expired_token_is_told_apart(verifier: TokenVerifier) -> None:
    with pytest.raises(TokenExpired):
        await verifier.access(token(exp=NOW - LEEWAY - 1))


async def test_clocks_may_differ_a_little(verifier: TokenVerifier) -> None:
    assert await verifier.access(token(exp=NOW - LEEWAY + 5))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"iss": None},
        {"aud": None},
        {"exp": None},
        {"sub": None},
        {"city": None},
        {"typ": "ID"},
        {"at_hash": "abc"},
        {"nbf": NOW + 3600},
    ],
    ids=lambda changed: "-".join(f"{name}={value}" for name, value in changed.items()),
)
async def test_a_token_for_another_purpose_is_refused(verifier: TokenVerifier, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        await verifier.access(token(**changed))


async def test_a_changed_claim_breaks_the_signature(verifier: TokenVerifier) -> None:
    head, _body, signature = token().split(".")
    forged = token(roles=["signatory"]).split(".")[1]
    with pytest.raises(TokenInvalid):
        await verifier.access(f"{head}.{forged}.{signature}")


async def test_a_key_of_somebody_else_is_refused(verifier: TokenVerifier) -> None:
    stranger = RSAKey.generate_key(2048, parameters={"kid": RSA.kid})
    with pytest.raises(TokenInvalid):
        await verifier.access(token(stranger))


async def test_the_public_key_is_no_shared_secret(verifier: TokenVerifier) -> None:
    """The classic confusion: HMAC with the published key as its secret."""
    _head, body, _signature = token().split(".")
    head = _base64(json.dumps({"alg": "HS256", "kid": RSA.kid}).encode())
    signature = hmac.digest(RSA.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    with pytest.raises(TokenInvalid):
        await verifier.access(f"{head}.{body}.{_base64(signature)}")


@pytest.mark.parametrize("nonsense", ["", "a.b.c", "a.b", "é", "..", "eyJhbGciOiJub25lIn0.e30."])
async def test_nonsense_is_refused(verifier: TokenVerifier, nonsense: str) -> None:
    with pytest.raises(TokenInvalid):
        await verifier.access(nonsense)


@given(text=st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,20}){2,4}", fullmatch=True))
def test_whatever_is_presented_is_an_answer_not_a_crash(text: str) -> None:
    for read in (Sessions(SECRET).read, Seal(SECRET, "login").open):
        with pytest.raises(TokenInvalid):
            read(text)
    verifier = TokenVerifier(Provider(ISSUER, http=Issuer(RSA).client), "sportello")
    with pytest.raises(TokenInvalid):
        asyncio.run(verifier.access(text))


async def test_a_new_key_is_fetched_when_first_seen(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    await verifier.access(token())
    fresh = RSAKey.generate_key(2048, auto_kid=True)
    issuer.keys.append(fresh)
    clock.now += UNKNOWN_KEY_PAUSE + 1
    assert await verifier.access(token(fresh))
    assert issuer.fetched == 2


async def test_invented_keys_do_not_make_us_hammer_the_issuer(verifier: TokenVerifier, issuer: Issuer) -> None:
    await verifier.access(token())
    for _each in range(20):
        with pytest.raises(TokenInvalid):
            await verifier.access(token(RSAKey.generate_key(2048, parameters={"kid": "invented"})))
    assert issuer.fetched == 1


async def test_known_keys_stay_good_while_the_issuer_is_away(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    await verifier.access(token())
    issuer.up = False
    clock.now += 3600
    assert await verifier.access(token())


async def test_without_any_key_the_issuer_is_unavailable(verifier: TokenVerifier, issuer: Issuer) -> None:
    issuer.up = False
    with pytest.raises(ProviderUnavailable):
        await verifier.access(token())


async def test_many_requests_ask_the_issuer_once(verifier: TokenVerifier, issuer: Issuer) -> None:
    await asyncio.gather(*(verifier.access(token()) for _each in range(20)))
    assert issuer.fetched == 1


async def test_nobody_queues_for_an_issuer_that_is_away(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    issuer.up = False
    tried = await asyncio.gather(*(verifier.access(token()) for _each in range(20)), return_exceptions=True)
    assert {type(failure) for failure in tried} == {ProviderUnavailable}
    assert issuer.asked == 1
    issuer.up = True
    clock.now += RETRY_PAUSE
    assert await verifier.access(token())


async def test_a_discovery_document_of_another_issuer_is_not_used(provider: Provider, issuer: Issuer) -> None:
    issuer.says_it_is = "https://other.example"
    with pytest.raises(ProviderUnavailable):
        await provider.endpoints()


# -- our own cookies ------------------------------------------------------------------------------------------

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
SECRET = "a secret that all services share"
ACTOR = Actor(subject="s", city="c_f205", name="Giulia", roles=frozenset({"legal"}))


def test_every_service_reads_the_session() -> None:
    assert Sessions(SECRET).read(Sessions(SECRET).issue(ACTOR)) == ACTOR


def test_a_session_hides_what_it_holds() -> None:
    cookie = Sessions(SECRET).issue(ACTOR)
    assert "Giulia" not in cookie
    assert len(cookie) < 1500


def test_a_session_ends() -> None:
    cookie = Sessions(SECRET, clock=lambda: NOW).issue(ACTOR)
    assert Sessions(SECRET, clock=lambda: NOW + SESSION_SECONDS - 1).read(cookie) == ACTOR
    with pytest.raises(TokenExpired):
        Sessions(SECRET, clock=lambda: NOW + SESSION_SECONDS).read(cookie)


def test_a_session_of_another_installation_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        Sessions("another secret altogether").read(Sessions(SECRET).issue(ACTOR))


def test_a_cookie_for_one_purpose_is_none_for_another() -> None:
    with pytest.raises(TokenInvalid):
        Sessions(SECRET).read(Seal(SECRET, "flash").close({"sub": "s", "city": "c_f205"}, 60))


def test_no_single_character_of_a_session_may_change() -> None:
    cookie = Sessions(SECRET).issue(ACTOR)
    for position in [place for place in range(0, len(cookie), 7) if cookie[place] != "."]:
        # The first bit of the character: the last bits of a segment's last character mean nothing.
        other = ALPHABET[ALPHABET.index(cookie[position]) ^ 0b100000]
        altered = cookie[:position] + other + cookie[position + 1 :]
        with pytest.raises(TokenInvalid):
            Sessions(SECRET).read(altered)


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c.d.e", json.dumps({"sub": "s"})])
def test_no_nonsense_is_a_session(cookie: str) -> None:
    with pytest.raises(TokenInvalid):
        Sessions(SECRET).read(cookie)


async def test_a_token_seen_before_expires_all_the_same(provider: Provider) -> None:
    time = Clock(NOW)
    verifier = TokenVerifier(provider, "sportello", clock=time)
    presented = token()
    assert await verifier.access(presented)
    time.now += 60 + LEEWAY + 1
    with pytest.raises(TokenExpired):
        await verifier.access(presented)


async def test_a_token_seen_before_falls_with_its_key(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    """A key that the issuer withdrew is believed no longer than the keys are kept."""
    presented = token()
    assert await verifier.access(presented)
    issuer.keys = [ELLIPTIC]
    clock.now += REFRESH_AFTER + 1
    with pytest.raises(TokenInvalid):
        await verifier.access(presented)


async def test_what_is_remembered_of_a_token_cannot_be_changed(verifier: TokenVerifier) -> None:
    presented = token()
    (await verifier.claims(presented))["roles"] = ["signatory"]
    assert not (await verifier.access(presented)).has("signatory")
