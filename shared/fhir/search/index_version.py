"""The version of what is indexed of a resource, apart from the parameters that are stored.

Whoever changes what a resource's rows hold raises it: the records of older releases are then
indexed anew when this one starts, and are searched when that is done.
"""

from __future__ import annotations

from typing import Final

INDEX_VERSION: Final = 2
