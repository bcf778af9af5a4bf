"""Mail clients under a virtual display, run by `make clients`; and the pictures that the run takes."""
