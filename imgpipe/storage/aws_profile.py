"""Static credentials and settings from the files of the AWS command line, which the storage library does not read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError

from imgpipe.errors import UsageError
from imgpipe.storage.location import shown

_TAKEN = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}
_OTHER_WAYS = ("sso_session", "sso_start_url", "role_arn", "credential_process")
_SETTINGS = {
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"),
}
_CREDENTIALS = ("access_key_id", "secret_access_key", "session_token")


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What the profile says that the environment does not: the environment comes first, as with AWS's own tools.

    Args:
        environment: as `os.environ`; AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE count.

    Raises:
        UsageError: AWS_PROFILE names a profile that is not there, or one whose credentials cannot be had so.
    """
    asked_for = environment.get("AWS_PROFILE", "")
    profile = asked_for or "default"
    config = _sections(environment.get("AWS_CONFIG_FILE") or "~/.aws/config")
    secret = _sections(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    section = "default" if profile == "default" else f"profile {profile}"
    if asked_for and section not in config and profile not in secret:
        raise UsageError(
            f"there is no profile {profile}, which AWS_PROFILE names, in ~/.aws/credentials or ~/.aws/config"
        )
    said = {**config.get(section, {}), **secret.get(profile, {})}
    found = {ours: said[theirs] for theirs, ours in _TAKEN.items() if said.get(theirs)}
    for name, variables in _SETTINGS.items():
        if any(environment.get(variable) for variable in variables):
            found.pop(name, None)
    if environment.get("AWS_ACCESS_KEY_ID") or environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        for name in _CREDENTIALS:
            found.pop(name, None)
    elif asked_for and "access_key_id" not in found and any(said.get(way) for way in _OTHER_WAYS):
        raise UsageError(
            f"the profile {profile} gets its credentials in a way that imgpipe does not know; put them into the "
            f'environment: eval "$(aws configure export-credentials --profile {profile} --format env)"'
        )
    return found


def _sections(path: str) -> dict[str, dict[str, str]]:
    parser = ConfigParser(interpolation=None, strict=False, default_section="\0")
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            parser.read_file(file)
    except OSError:
        return {}
    except (ConfigError, UnicodeDecodeError):
        # The parser's own words quote lines, and a line may be a secret.
        raise UsageError(f"{shown(path)} cannot be read as a file of AWS profiles") from None
    return {section: dict(parser[section]) for section in parser.sections()}
