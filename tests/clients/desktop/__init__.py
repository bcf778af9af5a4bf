"""Mail clients under a virtual display, run by `make clients`."""
