"""How the bucket of a cloud is reached, and what is said where it is not."""

from __future__ import annotations

import errno
import os
from typing import Any

from imgpipe.storage.answers import GONE
from imgpipe.storage.location import Bucket, scheme_of
from imgpipe.storage.objects import client_options, load, retries

_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and its secret, or from AWS_PROFILE",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or from what gcloud auth application-default login left",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}


def store(bucket: Bucket) -> Any:
    """The library's store for a bucket, by the settings that the cloud's own tools take."""
    stores, environment = load(), dict(os.environ)
    match bucket.scheme:
        case "s3":
            from imgpipe.storage.aws_profile import settings

            options = {"client_options": client_options(environment, "AWS"), "retry_config": retries()}
            return stores.S3Store(bucket.name, **settings(environment), **options)
        case "gs":
            options = {"client_options": client_options(environment, "GOOGLE"), "retry_config": retries()}
            return stores.GCSStore(bucket.name, **options)
    options = {"client_options": client_options(environment, "AZURE"), "retry_config": retries()}
    return stores.AzureStore(bucket.name, **options)


def advice(root: str) -> str:
    """The end of a message about a bucket that cannot be used: where its credentials are looked for."""
    return f"; credentials are taken from {_CREDENTIALS[scheme_of(root)]}"


def cannot_list(root: str, error: OSError) -> str:
    """Why a listing ended before it was whole, and what to do."""
    if error.errno == errno.EINVAL:
        return (
            f"cannot list {root}: a key there has an empty part, . or .. as a part, or a control character, and the "
            "listing ends at it; give a prefix without it, or name the inputs with --files-from"
        )
    return f"cannot list {root}: {error.strerror}" + ("" if error.errno == GONE else advice(root))
