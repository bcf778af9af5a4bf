"""Logins in canonical form: the short way for ASCII gives what the long way gives."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from radicale_tldops.roster import login

ASCII = st.characters(max_codepoint=127)
NEAR = st.sampled_from('aZ09.@-_+ \t\x00\x1c\x7f\\",;:<>()[]xn--ßı')
PARTS = st.text(ASCII | NEAR, max_size=12)
ADDRESSES = st.builds("{}@{}".format, PARTS, PARTS) | st.text(ASCII, max_size=30) | st.just("")


def domain_of(text: str) -> str:
    """What `canonical_domain` is by its definition."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    labels = plain.replace("\u3002", ".").replace("\uff61", ".").split(".")
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels)


@given(ADDRESSES.filter(str.isascii))
@example("John.Doe+x@NIC.Example")
@example("a@b@c.example")
@example("a@b.")
@example("@b.example")
@example("a@XN--P1AI.example")
@example("a\x1c@b.example")
def test_ascii_logins_need_no_normalisation(text: str) -> None:
    """For every ASCII text the short way and the long way agree, refusals included."""
    assert login._plain_login(text) == login._normalised_login(text)


@given(st.text(ASCII | NEAR, max_size=30))
@example("NIC.Example")
@example("a..b.")
def test_ascii_domains_need_no_normalisation(text: str) -> None:
    """A domain is what its definition says, ASCII or not."""
    assert login.canonical_domain(text) == domain_of(text)
