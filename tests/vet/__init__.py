"""Tests of vetting: ccTLDs, telephone numbers, addresses, and the rules that make records people."""
