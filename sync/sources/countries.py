"""The names of countries in English, from the package `babel` (CLDR)."""

from collections.abc import Mapping
from functools import lru_cache

from babel import Locale

from radicale_tldops.roster.cctld import Delegations


@lru_cache(maxsize=4)
def country_names(known: Delegations) -> Mapping[str, str]:
    """Return the name of the country of each ccTLD that has one, by A-label."""
    territories = Locale("en").territories
    codes = {label: label.upper() for label in known.by_label if len(label) == 2} | dict(known.regions)
    return {label: territories[code] for label, code in codes.items() if code in territories}
