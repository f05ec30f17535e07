"""What stands in a page that `imgpipe report` made."""

import json
import re


def rows_of(page):
    """The pictures that a page lists, in its order."""
    return json.loads(re.search(r'<script type="application/json" id="items">(.*?)</script>', page, re.DOTALL)[1])
