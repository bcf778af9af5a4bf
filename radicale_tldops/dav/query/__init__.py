"""Filters of an addressbook-query, and the index that answers them."""
