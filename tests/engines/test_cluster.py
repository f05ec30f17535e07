from types import SimpleNamespace

import pytest

from imgpipe.engines.cluster import connected
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import UsageError


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (5, "cluster=5 is not valid; it is text such as local:4 or tcp://host:8786, or a distributed.Client"),
        (SimpleNamespace(scheduler_address="tcp://host:8786"), "is not valid; it is text such as"),
        (SimpleNamespace(get_versions=None, status="closed"), "the Dask client given is closed; give one that is"),
        (SimpleNamespace(get_versions=None, status="running", asynchronous=True), "give one with asynchronous=False"),
    ],
)
def test_what_is_no_client_that_can_be_used_is_refused(cluster, words):
    with pytest.raises(UsageError, match=words), connected(Workforce(cluster=cluster)):
        pass
