"""The countries of the ccTLDs: their names in English, from the package `babel` (CLDR), and their calling codes."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import phonenumbers
from babel import Locale

from radicale_tldops.roster.cctld import Delegations
from radicale_tldops.roster.reach import CallingCodes, Countries
from radicale_tldops.zones.root_data import delegations


@lru_cache(maxsize=4)
def country_names(known: Delegations) -> Mapping[str, str]:
    """Return the name of the country of each ccTLD that has one, by A-label."""
    territories = Locale("en").territories
    codes = {label: label.upper() for label in known.by_label if len(label) == 2} | dict(known.regions)
    return {label: territories[code] for label, code in codes.items() if code in territories}


@lru_cache(maxsize=4)
def countries_of(add: Iterable[str] = (), retire: Iterable[str] = ()) -> Countries:
    """Return what is known of the countries of the delegated ccTLDs; `add` and `retire` are as for `delegations`."""
    known = delegations(add, retire)
    labels: dict[str, list[str]] = {}
    for label, region in sorted(known.regions.items()):
        labels.setdefault(region, []).append(label)
    codes = {
        str(code): [label for region in regions for label in labels.get(region, ())]
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    }
    return Countries(country_names(known), CallingCodes(codes))
