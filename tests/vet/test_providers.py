"""Domains that are nearly a great mail provider's."""

import pytest

from sync.vet.providers import nearly_provider


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmial.com", "gmail.com"), ("gmai.com", "gmail.com"), ("gnail.com", "gmail.com"), ("gmaill.com", "gmail.com"),
        ("gmail.con", "gmail.com"), ("gmail.co", "gmail.com"), ("gmail.cm", "gmail.com"), ("gmail.org", "gmail.com"),
        ("gmail.comm", "gmail.com"), ("gmailcom", "gmail.com"), ("gmail", "gmail.com"), ("agmail.com", "gmail.com"),
        ("gmai1.com", "gmail.com"), ("grnail.com", "gmail.com"), ("gm\u00e0il.com", "gmail.com"),
        ("gm\u0430il.com", "gmail.com"), ("gma\u0131l.com", "gmail.com"), ("0utlook.com", "outlook.com"),
        ("outlok.com", "outlook.com"), ("hotmial.com", "hotmail.com"), ("hotmail.con", "hotmail.com"),
        ("yhaoo.com", "yahoo.com"), ("yahoo.cm", "yahoo.com"), ("icloud.net", "icloud.com"),
        ("protonmial.com", "protonmail.com"), ("porton.me", "proton.me"), ("yandx.ru", "yandex.ru"),
    ],
)  # fmt: skip
def test_a_domain_that_is_nearly_a_providers(domain: str, provider: str) -> None:
    """One letter missing, too many, another one, exchanged or only similar; or another ending."""
    assert nearly_provider(domain) == provider


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.com.br", "yahoo.fr", "ymail.com", "mail.com",
        "email.com", "cloud.com", "hotmail.fr", "hotmail.co.uk", "outlook.de", "protonmail.ch", "proton.com",
        "yandex.kz", "nic.nl", "sidn.nl", "gmx.de", "gmx.at", "web.de", "live.com", "mail.ru", "nic.example", "", "nl",
        "xn--p1ai", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "mail.gmail.example",
    ],
)  # fmt: skip
def test_another_domain_is_another_domain(domain: str) -> None:
    """Providers themselves, under all their endings, other providers, and registries."""
    assert nearly_provider(domain) == ""
