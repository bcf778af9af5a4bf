"""The figures that prove the software: `make prove` measures all of them, the tests a small share."""
