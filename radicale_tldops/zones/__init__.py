"""The ccTLDs that are delegated and their countries, read from packaged lists."""
