"""`python -m deploy.local.idp`: serve the development provider."""

import sys

import uvicorn

from chassis.settings import Settings
from deploy.local.idp.app import create_provider
from deploy.local.idp.configuration import Configuration, NotForThisEnvironment


def main() -> None:
    try:
        configuration = Configuration.from_settings(Settings())
    except NotForThisEnvironment as refusal:
        sys.exit(str(refusal))
    uvicorn.run(
        create_provider(configuration),
        host=configuration.host,
        port=configuration.port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
