"""What is there before the story begins and has no page of its own: departments and the receiving organisation."""

from __future__ import annotations

import httpx

EDUCATION = "Direzione Educazione"
RECEIVER = "Associazione Arimo"


async def prepared(url: str, issuer: str, city: str) -> None:
    """A city that knows its department of education and an association that will receive."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def speaking_as(username: str) -> dict[str, str]:
            asked = {
                "grant_type": "password",
                "client_id": "sportello",
                "username": f"{username}@{city}",
                "password": "sportello",
                "scope": "openid profile email",
            }
            answer = (await client.post(f"{issuer}/token", data=asked)).raise_for_status()
            return {"Authorization": f"Bearer {answer.json()['access_token']}"}

        coordinator = await speaking_as("coordinator")
        path = "/intake/api/v1/departments/education"
        (await client.put(path, json={"name": EDUCATION}, headers=coordinator)).raise_for_status()
        receiver = await speaking_as("arimo")
        one = {"name": RECEIVER, "type": "association"}
        (await client.post("/intake/api/v1/stakeholders", json=one, headers=receiver)).raise_for_status()
