import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS
from publicsuffixlist import PSLFILE

from radicale_tldops.roster.cctld import Cctld, canonical_label
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.zones.root_data import delegations, registrable_domain

DELEGATED = delegations()
ANY = st.sampled_from(DELEGATED.all())


def test_every_kind_of_cctld_is_there() -> None:
    """Two-letter labels, those that are wildcards alone, the reserved ones, and IDN labels are all delegated."""
    labels = {cctld.a_label for cctld in DELEGATED.all()}
    assert {"nl", "uk", "gb", "su", "eu", "ac", "ck", "er", "aq", "xn--p1ai", "xn--wgbh1c", "xn--4dbrk0ce"} <= labels
    assert len(labels) > 300


@pytest.mark.parametrize(
    "label",
    ["com", "example", "zz", "arpa", "onion", "museum", "臺灣", "ايران", "اليمن", "澳门", "a.nl", "", ".", "..", "n l"],
)
def test_what_is_no_cctld_is_not_known(label: str) -> None:
    """Generic and reserved names, labels that are nobody's, variants, and what is no label at all are refused."""
    assert DELEGATED.known(label) is None


def test_no_variant_is_delegated() -> None:
    """An IDN entry whose comment says "variant" is left out, and three that are not in the root; every other is in."""
    text = Path(PSLFILE).read_text(encoding="utf-8").split("// newGTLDs")[0]
    comments = re.findall(r"^// (xn--[a-z0-9-]+) .*$", text, re.MULTILINE)
    variants = set(re.findall(r"^// (xn--[a-z0-9-]+) .*variant.*$", text, re.MULTILINE))
    assert variants
    absent = {"xn--mgb2ddes", "xn--mgba3a4fra", "xn--mix082f"}
    assert {cctld.a_label for cctld in DELEGATED.all()} & set(comments) == set(comments) - variants - absent
    assert absent <= set(comments) - variants


@given(ANY, st.sampled_from(["", ".", "。"]), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.booleans())
def test_a_cctld_is_known_by_every_spelling(cctld: Cctld, dot: str, form: str, upper: bool) -> None:
    """A-label and U-label, in either case, any normalisation form, with and without a dot, name the same ccTLD."""
    for label in (cctld.a_label, cctld.u_label):
        spelling = unicodedata.normalize(form, dot + (label.upper() if upper else label))  # type: ignore[arg-type]
        assert DELEGATED.known(spelling) == cctld


def test_marks_around_a_right_to_left_label_do_not_count() -> None:
    """A label copied from right-to-left text brings direction marks along."""
    assert DELEGATED.known("\u200f.مصر\u200e") == Cctld("xn--wgbh1c")


@given(st.text())
def test_any_text_is_a_cctld_or_not(text: str) -> None:
    """Whatever the text is, the answer is a delegated ccTLD or None, never an error."""
    cctld = DELEGATED.known(text)
    assert cctld is None or cctld in DELEGATED.all()
    assert re.fullmatch(r"[a-z0-9-]*", canonical_label(text))


@pytest.mark.parametrize(
    ("label", "region"),
    [
        *(("nl", "NL"), ("uk", "GB"), ("gb", "GB"), ("su", "RU"), ("ac", "AC"), ("рф", "RU")),
        *(("مصر", "EG"), ("ευ", None)),
        *(("台灣", "TW"), ("السعودية", "SA"), ("新加坡", "SG"), ("ישראל", "IL"), ("eu", None), ("aq", None)),
        ("срб", "RS"),
    ],
)
def test_the_region_is_the_country_behind_the_label(label: str, region: str | None) -> None:
    """The region is the ISO code of the country, and None where telephone numbers know no such country."""
    cctld = DELEGATED.known(label)
    assert cctld is not None
    assert DELEGATED.regions.get(cctld.a_label) == region


def test_every_region_has_numbers() -> None:
    """Every region that is given has a numbering plan, and every IDN ccTLD but those of the EU has one."""
    regions = {cctld: DELEGATED.regions.get(cctld.a_label) for cctld in DELEGATED.all()}
    assert {region for region in regions.values() if region} <= SUPPORTED_REGIONS
    without = {cctld.u_label for cctld, region in regions.items() if not region and cctld.a_label.startswith("xn--")}
    assert without == {"ею", "ευ"}


def test_the_ascii_labels_come_first() -> None:
    """`all` gives the two-letter labels in order, then the IDN ones in order, each once."""
    labels = [cctld.a_label for cctld in DELEGATED.all()]
    idn = [label for label in labels if label.startswith("xn--")]
    assert labels == sorted(set(labels) - set(idn)) + sorted(idn)


def test_the_configuration_adds_and_retires() -> None:
    """An added ccTLD is known, with its region; a retired one is not; the default is as it was."""
    changed = delegations(add=("ZZ", ".臺灣", "澳门", "nl"), retire=("su", "xn--p1ai", "qq"))
    assert changed.known("zz") == Cctld("zz")
    assert "zz" not in changed.regions
    assert changed.regions["xn--nnx388a"] == "TW"
    assert changed.regions["xn--mix082f"] == "MO"
    assert changed.known("su") is changed.known("рф") is None
    assert changed.known("nl") is not None
    assert DELEGATED.known("zz") is None
    assert DELEGATED.known("su") is not None


@pytest.mark.parametrize("label", ["com", "", "a.nl", "x", "xn--", "xn--nl-", "xn--zz", "1a", "\ud800"])
def test_what_cannot_be_a_cctld_is_not_added(label: str) -> None:
    """A wrong label in the configuration is the operator's mistake and named as such."""
    with pytest.raises(SettingsError):
        delegations(add=(label,))
    with pytest.raises(SettingsError):
        delegations(retire=(label,))


@pytest.mark.parametrize(
    ("domain", "registrable"),
    [
        ("mail.nic.nl", "nic.nl"),
        ("NIC.NL.", "nic.nl"),
        ("a.b.co.uk", "b.co.uk"),
        ("co.uk", "co.uk"),
        ("nic.example", "nic.example"),
        ("mail.nic.example", "nic.example"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("someone.github.io", "github.io"),
        ("www.ck", "www.ck"),
    ],
)
def test_the_registrable_domain_ends_at_the_registry(domain: str, registrable: str) -> None:
    """The registrable domain is what a registry registers, in A-labels; what a hoster hands out does not count."""
    assert registrable_domain(domain) == registrable
