"""Clients of the AWS that a local stack brings along."""

from typing import Any

import boto3

from local.facts import REGION


def client(service: str, url: str) -> Any:
    """A client of the AWS at that URL."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # the stubs want a literal
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
