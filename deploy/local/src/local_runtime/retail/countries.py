"""The countries of the UCI data sets as ISO 3166-1 codes."""

from collections.abc import Mapping

UNKNOWN = "ZZ"  # User-assigned in ISO 3166-1; CLDR calls it the unknown region.

CODES: Mapping[str, str] = {
    "australia": "AU",
    "austria": "AT",
    "bahrain": "BH",
    "belgium": "BE",
    "bermuda": "BM",
    "brazil": "BR",
    "canada": "CA",
    # There is no code for both bailiwicks; Jersey is the larger.
    "channel islands": "JE",
    "cyprus": "CY",
    "czech republic": "CZ",
    "denmark": "DK",
    "eire": "IE",
    # Exceptionally reserved in ISO 3166-1 for the European Union.
    "european community": "EU",
    "finland": "FI",
    "france": "FR",
    "germany": "DE",
    "greece": "GR",
    "hong kong": "HK",
    "iceland": "IS",
    "ireland": "IE",
    "israel": "IL",
    "italy": "IT",
    "japan": "JP",
    "korea": "KR",
    "lebanon": "LB",
    "lithuania": "LT",
    "malta": "MT",
    "morocco": "MA",
    "netherlands": "NL",
    "nigeria": "NG",
    "norway": "NO",
    "poland": "PL",
    "portugal": "PT",
    "rsa": "ZA",
    "saudi arabia": "SA",
    "singapore": "SG",
    "spain": "ES",
    "sweden": "SE",
    "switzerland": "CH",
    "thailand": "TH",
    "united arab emirates": "AE",
    "united kingdom": "GB",
    "unspecified": UNKNOWN,
    "usa": "US",
    # A region of many countries.
    "west indies": UNKNOWN,
}
LOCALES: Mapping[str, str] = {"DE": "de-DE", "AT": "de-AT", "FR": "fr-FR", "BR": "pt-BR"}


def code_of(name: str) -> str | None:
    """Alpha-2 code of a country as the data names it; None for a name it never had."""
    return CODES.get(" ".join(name.lower().split()))


def locale_of(code: str) -> str:
    """The language that customers there most likely read, of those the shop writes."""
    return LOCALES.get(code, "en-GB")
