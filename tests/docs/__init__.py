"""The documentation says what the code does: each page is compared with it."""
