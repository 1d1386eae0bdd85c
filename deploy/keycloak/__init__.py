"""The realm that Keycloak imports in compose, made from the same personas as the development provider's."""
